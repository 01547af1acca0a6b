//! One test per promise.

/// Makes a test of every promise. It is given the path, from the crate, of an `async fn(name: &str) -> Option<impl Harness>`, which
/// returns none, after saying so, where the backend is not there.
#[macro_export]
macro_rules! conformance_suite {
    ($harness:path) => {
        $crate::conformance_suite! { @modules $harness;
            lifecycle: [
                a_launched_bottle_is_listed_and_gone_after_its_end
                a_running_bottle_can_be_taken_up_again
                a_second_bottle_of_the_same_name_is_refused
                removing_again_is_no_error
                a_preserved_bottle_keeps_its_files
                a_halted_guest_runs_nothing_and_can_be_looked_at
                a_bottle_of_another_home_is_not_seen
                a_preserved_bottle_can_be_started_again
                a_preserved_bottle_is_woken_without_its_doors
                a_bottle_whose_doors_serve_is_not_woken
                the_sidecar_answers
                bottles_start_in_parallel
                the_egress_door_is_the_only_way_out
            ]
            starts: [
                a_cancelled_start_leaves_nothing_at_any_step
                a_failing_start_leaves_nothing
                what_a_crash_left_is_swept
                what_a_living_command_starts_is_not_swept
                foreign_machine_label_left_alone
                a_running_bottle_is_never_swept
                a_promise_that_is_broken_leaves_no_bottle
            ]
            execs: [
                the_status_is_the_commands_own
                a_signal_is_a_status
                both_streams_arrive_apart
                every_byte_arrives
                a_megabyte_of_input_arrives
                large_output_arrives_and_endless_output_is_refused
                arguments_are_read_by_no_shell
                variables_reach_one_command_only
                a_command_runs_where_it_was_told
                a_command_runs_as_whom_it_was_told
                a_command_past_its_limit_is_ended_with_its_children
                commands_run_side_by_side
                a_child_that_stays_does_not_hold_a_command_up
                a_guest_has_no_variable_of_the_hosts
                memory_and_processes_are_limited
            ]
            sessions: [
                without_a_terminal_streams_stay_apart
                a_terminal_has_the_size_it_was_given
                a_terminal_passes_every_byte
                an_interrupt_reaches_the_terminals_program
                no_output_is_lost_at_the_end
                a_child_that_stays_does_not_hold_the_end_up
                a_child_that_stays_is_not_listened_to_for_ever
                a_session_has_the_user_folder_and_variables_it_was_given
                sessions_run_side_by_side_each_with_its_own_end
            ]
            masks: [
                every_command_and_session_is_as_restricted_as_the_next
                what_the_kernel_tells_of_the_machine_is_masked
                only_harmless_devices_are_there
            ]
            copies: [
                files_are_put_with_mode_and_owner
                a_folder_is_copied_in_as_it_is
                copy_in_follows_no_link_out
                what_is_copied_out_is_what_was_there
                copied_out_files_are_tamed
                copying_what_is_not_there_is_an_error
                an_endless_file_is_not_copied_out
                a_gibibyte_goes_both_ways
            ]
            workspaces: [
                an_empty_workspace_belongs_to_the_agent
                a_copied_workspace_is_the_agents_and_leaves_ignored_files_out
                a_workspace_that_was_not_touched_has_not_changed
                a_change_is_seen_whatever_it_is
                endless_workspace_is_a_change_at_once
                copied_gitconfig_has_no_credential
                a_mounted_workspace_is_the_hosts_own_but_for_what_the_host_acts_upon
            ]
        }
    };
    (@modules $harness:path; $($module:ident: [$($name:ident)*])*) => {
        $(
            mod $module {
                $(
                    #[tokio::test]
                    async fn $name() {
                        if let Some(harness) = $harness(stringify!($name)).await {
                            let body = $crate::conformance::$module::$name(&harness);
                            $crate::conformance::leaving_nothing(&harness, body).await;
                        }
                    }
                )*
            }
        )*
    };
}
