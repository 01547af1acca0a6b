//! The addresses that names have: each its own, for as long as the guest runs.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;

use super::connect;
use super::egress::Egress;
use super::message::Answer;

/// The most names that get an address; further ones are refused one.
pub(super) const MOST_NAMES: usize = 1024;
/// The most ports of one name that are listened on.
const MOST_PORTS: usize = 16;
/// The most connections to such addresses at once; further ones wait until one ends.
pub(super) const MOST_CONNECTIONS: usize = 1024;
/// How many connections wait in the kernel's queue of one port.
const BACKLOG: u32 = 128;

/// Names, their addresses, and who listens there.
#[derive(Debug)]
pub(super) struct Names {
    egress: Arc<Egress>,
    places: Arc<Semaphore>,
    table: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    address: Ipv4Addr,
    ports: Vec<u16>,
}

impl Names {
    pub(super) fn new(egress: Arc<Egress>) -> Self {
        Self {
            egress,
            places: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            table: Mutex::default(),
        }
    }

    /// Answers for a name. The door is asked each time, since its table may have changed; an address never changes,
    /// and somebody listens there before it is told.
    pub(super) async fn find(&self, name: &str) -> Answer {
        match self.egress.ports(name).await {
            Ok(Some(ports)) => self.address(name, &ports),
            Ok(None) => Answer::NoName,
            Err(_) => Answer::Failure,
        }
    }

    fn address(&self, name: &str, ports: &[u16]) -> Answer {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if !table.contains_key(name) {
            let Some(address) = nth_address(table.len()) else {
                return Answer::Refusal;
            };
            let entry = Entry {
                address,
                ports: Vec::new(),
            };
            table.insert(name.to_owned(), entry);
        }
        match table.get_mut(name) {
            Some(entry) => self.listen(name, entry, ports),
            None => Answer::Failure,
        }
    }

    /// Listens on the ports where nobody listens yet. One that the guest itself has taken is the guest's.
    fn listen(&self, name: &str, entry: &mut Entry, ports: &[u16]) -> Answer {
        for port in ports {
            if entry.ports.contains(port) || entry.ports.len() == MOST_PORTS {
                continue;
            }
            if let Ok(listener) = listen((entry.address, *port).into()) {
                let (egress, places) = (Arc::clone(&self.egress), Arc::clone(&self.places));
                tokio::spawn(connect::accept(listener, egress, places, name.to_owned(), *port));
                entry.ports.push(*port);
            }
        }
        match entry.ports.is_empty() {
            true => Answer::Failure,
            false => Answer::Address(entry.address),
        }
    }
}

/// The addresses of 127.77.0.0/16 in turn, without those that end in 0 or 255.
fn nth_address(index: usize) -> Option<Ipv4Addr> {
    let last = u8::try_from(index % 254 + 1).ok()?;
    let third = u8::try_from(index / 254).ok()?;
    (index < MOST_NAMES).then(|| Ipv4Addr::new(127, 77, third, last))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gets_an_address_of_its_own() {
        let addresses: Vec<Ipv4Addr> = (0..MOST_NAMES).map(|index| nth_address(index).unwrap()).collect();
        assert_eq!(addresses[0], Ipv4Addr::new(127, 77, 0, 1));
        assert_eq!(addresses[254], Ipv4Addr::new(127, 77, 1, 1));
        assert!(
            addresses
                .iter()
                .all(|address| address.octets().starts_with(&[127, 77]))
        );
        let distinct: std::collections::BTreeSet<_> = addresses.iter().collect();
        assert_eq!(distinct.len(), MOST_NAMES);
        assert_eq!(nth_address(MOST_NAMES), None);
    }
}
