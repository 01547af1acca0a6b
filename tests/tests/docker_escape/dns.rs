//! No name is resolved and no question leaves, whoever it is put to.

use std::net::UdpSocket;

use anyhow::Result;

use crate::cell::{AT_ONCE, Cell};

#[test]
fn no_name_leaves_the_guest() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("no_name_leaves_the_guest")? else {
        return Ok(());
    };
    no_name_resolves(&cell)?;
    no_question_reaches_a_server(&cell)
}

fn no_name_resolves(cell: &Cell) -> Result<()> {
    for name in ["example.com", "secret.in.a.name.example", "secret.upstream.test"] {
        let looked_up = cell.scene.exec_within(AT_ONCE, &["getent", "ahosts", name])?;
        assert_eq!(looked_up.status, 2, "{name}: {looked_up:?}");
    }
    // An allowed one has an address of the guest's own, which opens nothing by itself.
    let allowed = cell
        .scene
        .exec_within(AT_ONCE, &["getent", "ahosts", "upstream.test"])?;
    assert!(allowed.stdout.starts_with("127.77."), "{allowed:?}");
    Ok(())
}

fn no_question_reaches_a_server(cell: &Cell) -> Result<()> {
    let gateway = cell.engine()?.gateway()?.to_string();
    let server = UdpSocket::bind((gateway.as_str(), 0))?;
    let port = server.local_addr()?.port().to_string();
    let ask: &[&str] = &["udp", &gateway, &port, "secret.example"];
    cell.refuses(ask)?;
    // The engine's own resolver, a public one, and whatever the file names.
    for address in ["127.0.0.11", "8.8.8.8", "127.0.0.1", "172.17.0.1"] {
        cell.refuses_untwinned(&["dns", address, "53"])?;
    }
    server.set_read_timeout(Some(AT_ONCE))?;
    let mut question = [0; 512];
    let (length, from) = server.recv_from(&mut question)?;
    let expected = cell.engine()?.address(&cell.twin)?;
    assert_eq!(from.ip(), expected, "the only question that came is the twin's");
    assert_eq!(question.get(..length), Some(b"secret.example".as_slice()));
    server.set_nonblocking(true)?;
    assert!(server.recv_from(&mut question).is_err(), "a second question came");
    Ok(())
}
