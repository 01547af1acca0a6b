//! What the kernel says about the network of this process, read from its own files.

use std::io::{self, Read};
use std::net::Ipv6Addr;
use std::path::Path;

use rustix::fs::PROC_SUPER_MAGIC;

/// The interface that every guest has.
const LOOPBACK: &str = "lo";
/// The most bytes of one of the kernel's files that are read.
const MOST_BYTES: u64 = 1 << 20;

/// The network of this process.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Network {
    /// Every interface by name.
    pub(super) interfaces: Vec<String>,
    /// The interface of each route.
    pub(super) routes: Vec<String>,
    /// Every IPv6 address.
    pub(super) addresses: Vec<Ipv6Addr>,
}

impl Network {
    /// Asks the kernel.
    ///
    /// # Errors
    ///
    /// When its files cannot be read or are not the kernel's.
    pub(super) fn read() -> io::Result<Self> {
        let folder = Path::new("/proc/self/net");
        Ok(Self {
            interfaces: interfaces(&read(&folder.join("dev"))?),
            // Kernels without IPv4 routing or IPv6 have no such files.
            routes: [
                routes(&read_if_there(&folder.join("route"))?),
                routes6(&read_if_there(&folder.join("ipv6_route"))?),
            ]
            .concat(),
            addresses: addresses6(&read_if_there(&folder.join("if_inet6"))?),
        })
    }

    /// Returns the interfaces that may not be there.
    pub(super) fn foreign_interfaces(&self, allowed: &[String]) -> Vec<&str> {
        let foreign = |name: &&str| *name != LOOPBACK && !allowed.iter().any(|allowed| allowed == name);
        self.interfaces
            .iter()
            .map(String::as_str)
            .filter(foreign)
            .collect()
    }

    /// Returns the interfaces that have a route and are not loopback.
    pub(super) fn foreign_routes(&self) -> Vec<&str> {
        self.routes
            .iter()
            .map(String::as_str)
            .filter(|name| *name != LOOPBACK)
            .collect()
    }

    /// Returns the IPv6 addresses that are not loopback's.
    pub(super) fn foreign_addresses(&self) -> Vec<Ipv6Addr> {
        let addresses = self.addresses.iter().copied();
        addresses.filter(|address| !address.is_loopback()).collect()
    }
}

fn read_if_there(path: &Path) -> io::Result<String> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = std::fs::File::open(path)?;
    // The guest's image may hold a folder of this name; only the kernel's own is believed.
    if rustix::fs::fstatfs(&file)?.f_type != PROC_SUPER_MAGIC {
        return Err(io::Error::other("/proc is not the kernel's"));
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads `/proc/net/dev`: two lines of headings, then `name: counters`.
fn interfaces(text: &str) -> Vec<String> {
    let names = text.lines().skip(2).filter_map(|line| line.split_once(':'));
    names.map(|(name, _)| name.trim().to_owned()).collect()
}

/// Reads `/proc/net/route`: a line of headings, then the interface first.
fn routes(text: &str) -> Vec<String> {
    let names = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// Reads `/proc/net/ipv6_route`: no headings, the interface last.
fn routes6(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    names.map(str::to_owned).collect()
}

/// Reads `/proc/net/if_inet6`: 32 hexadecimal digits first. What is no address is shown as one that is not loopback's.
fn addresses6(text: &str) -> Vec<Ipv6Addr> {
    let words = text.lines().filter_map(|line| line.split_whitespace().next());
    words
        .map(|word| u128::from_str_radix(word, 16).map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from_bits))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "Inter-|   Receive  |  Transmit
 face |bytes    packets errs|bytes    packets
    lo:       0       0    0        0       0
dummy0:       0       0    0        0       0
";
    const ROUTE: &str = "Iface\tDestination\tGateway \tFlags
eth0\t00000000\t010011AC\t0003
";
    const ROUTE6: &str = "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000001 00000000 80200001       lo
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
";
    const INET6: &str = "00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000004211fffe110002 03 40 20 80     eth0
";

    #[test]
    fn the_kernels_tables_are_read() {
        let network = Network {
            interfaces: interfaces(DEV),
            routes: [routes(ROUTE), routes6(ROUTE6)].concat(),
            addresses: addresses6(INET6),
        };
        assert_eq!(network.foreign_interfaces(&[]), ["dummy0"]);
        assert!(network.foreign_interfaces(&["dummy0".to_owned()]).is_empty());
        assert_eq!(network.foreign_routes(), ["eth0", "eth0"]);
        assert_eq!(
            network.foreign_addresses(),
            ["fe80::42:11ff:fe11:2".parse::<Ipv6Addr>().unwrap()]
        );
    }

    #[test]
    fn loopback_alone_is_no_network() {
        let first = |text: &str| text.lines().take(1).collect::<String>();
        let network = Network {
            interfaces: interfaces(&DEV.replace("dummy0", "lo")),
            routes: [routes(&first(ROUTE)), routes6(&first(ROUTE6))].concat(),
            addresses: addresses6(&first(INET6)),
        };
        assert!(network.foreign_interfaces(&[]).is_empty());
        assert!(network.foreign_routes().is_empty() && network.foreign_addresses().is_empty());
    }

    #[test]
    fn the_kernel_of_this_machine_is_understood() {
        assert!(
            Network::read()
                .unwrap()
                .interfaces
                .iter()
                .any(|name| name == "lo")
        );
    }
}
