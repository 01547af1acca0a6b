//! One test per property.

/// Makes a test of every property for one wall.
#[macro_export]
macro_rules! escape_suite {
    ($wall:expr) => {
        $crate::escape_suite! { @attempts $wall;
            crash_handlers
            devices
            exec_server
            host_files
            host_processes
            kernel_calls
            kernel_files
            leftovers
            mounts
            namespaces
            network
            privileges
            shared_objects
            socket_families
            stray_sockets
            terminals
        }
        $crate::escape_suite! { @bodies $wall;
            copies: [files_brought_back_follow_no_link]
            environment: [nothing_of_the_hosts_environment_is_seen]
            exec_directory: [exec_cwd_symlink_to_fd_refused]
            planted_hooks: [mount_cannot_plant_host_hooks]
            tree: [only_doors_can_be_connected_to]
        }
    };
    (@attempts $wall:expr; $($property:ident)*) => {
        $(
            #[test]
            fn $property() -> anyhow::Result<()> {
                $crate::escape::check(
                    $wall,
                    stringify!($property),
                    $crate::escape::properties::$property::ATTEMPTS,
                )
            }
        )*
    };
    (@bodies $wall:expr; $($property:ident: [$($name:ident)*])*) => {
        $($(
            #[test]
            fn $name() -> anyhow::Result<()> {
                $crate::escape::properties::$property::$name($wall, stringify!($name))
            }
        )*)*
    };}
