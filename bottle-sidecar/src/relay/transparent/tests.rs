//! The resolver and the addresses it gives, against a door that says what the test wants.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use super::*;

/// Ports of names, and where `CONNECT` is refused.
#[derive(Default)]
struct Table {
    ports: BTreeMap<&'static str, Vec<u16>>,
    refused: bool,
}

struct Guest {
    resolver: SocketAddr,
    table: Arc<std::sync::Mutex<Table>>,
    _folder: tempfile::TempDir,
}

/// A door that knows a table, and in its tunnels says where they lead and echoes.
async fn serve_door(stream: UnixStream, table: Arc<std::sync::Mutex<Table>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut other = String::new();
    while other != "\r\n" {
        other.clear();
        stream.read_line(&mut other).await?;
    }
    let words: Vec<&str> = line.split(' ').collect();
    if words[0] == "CONNECT" {
        if table.lock().unwrap().refused {
            return stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        }
        let hello = format!("HTTP/1.1 200 ok\r\n\r\nto {} ", words[1]);
        stream.write_all(hello.as_bytes()).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        return stream.write_all(said.as_bytes()).await;
    }
    let name = words[1]
        .strip_prefix("http://_egress.local/resolve?name=")
        .unwrap();
    let answer = match table.lock().unwrap().ports.get(name) {
        Some(ports) => format!("HTTP/1.1 200 OK\r\n\r\n{{\"name\":\"{name}\",\"ports\":{ports:?}}}"),
        None => "HTTP/1.1 403 Forbidden\r\n\r\n{}".to_owned(),
    };
    stream.write_all(answer.as_bytes()).await
}

impl Guest {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("egress");
        let door = UnixListener::bind(&socket).unwrap();
        let table = Arc::new(std::sync::Mutex::new(Table::default()));
        let known = Arc::clone(&table);
        tokio::spawn(async move {
            while let Ok((stream, _)) = door.accept().await {
                tokio::spawn(serve_door(stream, Arc::clone(&known)));
            }
        });
        let transparent = loop {
            // The stream's port of that number may be taken by another test.
            let any = (Ipv4Addr::LOCALHOST, 0).into();
            if let Ok(transparent) = Transparent::bind_to(any, &socket).await {
                break transparent;
            }
        };
        let resolver = transparent.datagrams.local_addr().unwrap();
        transparent.start();
        Self {
            resolver,
            table,
            _folder: folder,
        }
    }

    fn list(&self, name: &'static str, ports: &[u16]) {
        self.table.lock().unwrap().ports.insert(name, ports.to_vec());
    }

    /// The status and the address of an answer.
    async fn ask(&self, name: &str, kind: u16) -> (u8, Option<Ipv4Addr>) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket
            .send_to(&question(name, kind), self.resolver)
            .await
            .unwrap();
        let mut answer = [0; 512];
        let length = within(socket.recv(&mut answer)).await.unwrap();
        understood(&answer[..length])
    }

    async fn address(&self, name: &str) -> Ipv4Addr {
        self.ask(name, 1).await.1.unwrap()
    }
}

fn gives(address: Ipv4Addr) -> bool {
    address.octets().starts_with(&[127, 77])
}

async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .unwrap()
}

fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut message = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0".to_vec();
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    message
}

fn understood(answer: &[u8]) -> (u8, Option<Ipv4Addr>) {
    let address = (answer[7] == 1).then(|| Ipv4Addr::from(*answer.last_chunk::<4>().unwrap()));
    (answer[3] & 0x0f, address)
}

/// A port that is free on an address nobody has been given yet.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.77.255.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn say(address: Ipv4Addr, port: u16, text: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(SocketAddrV4::new(address, port)).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await?;
    let mut said = String::new();
    within(stream.read_to_string(&mut said)).await?;
    Ok(said)
}

const A: u16 = 1;
const AAAA: u16 = 28;
const HTTPS: u16 = 65;

#[tokio::test]
async fn a_connection_to_a_names_address_is_a_tunnel_to_the_name() {
    let (guest, port) = (Guest::start().await, free_port());
    guest.list("a.example", &[port]);
    let address = guest.address("A.Example").await;
    assert!(gives(address));
    let said = say(address, port, "hello").await.unwrap();
    assert_eq!(said, format!("to a.example:{port} hello"));
}

#[tokio::test]
async fn names_without_a_route_are_not_there_and_allowed_ones_have_one_address() {
    let guest = Guest::start().await;
    guest.list("a.example", &[free_port()]);
    let address = guest.address("a.example").await;
    for (name, kind, wanted) in [
        ("b.example", A, (3, None)),
        ("b.example", AAAA, (3, None)),
        ("secret.in.a.name.b.example", A, (3, None)),
        ("a.example", AAAA, (0, None)),
        ("a.example", HTTPS, (0, None)),
        ("a.example", A, (0, Some(address))),
        ("A.EXAMPLE", A, (0, Some(address))),
    ] {
        assert_eq!(guest.ask(name, kind).await, wanted, "{name} {kind}");
    }
    guest.list("c.example", &[free_port()]);
    assert_ne!(guest.address("c.example").await, address);
}

#[tokio::test]
async fn the_tables_of_now_count_and_an_address_stays() {
    let (guest, first, second) = (Guest::start().await, free_port(), free_port());
    guest.list("a.example", &[first]);
    let address = guest.address("a.example").await;
    assert!(say(address, second, "").await.is_err());
    guest.table.lock().unwrap().ports.clear();
    assert_eq!(guest.ask("a.example", A).await, (3, None));
    guest.list("a.example", &[first, second]);
    assert_eq!(guest.address("a.example").await, address);
    assert_eq!(
        say(address, second, "x").await.unwrap(),
        format!("to a.example:{second} x")
    );
}

#[tokio::test]
async fn a_tunnel_that_egress_refuses_is_closed_at_once() {
    let (guest, port) = (Guest::start().await, free_port());
    guest.list("a.example", &[port]);
    let address = guest.address("a.example").await;
    guest.table.lock().unwrap().refused = true;
    let said = say(address, port, "").await;
    assert!(
        said.is_err() || said.as_deref().is_ok_and(str::is_empty),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_port_that_the_guest_has_taken_is_no_address() {
    let guest = Guest::start().await;
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    guest.list("a.example", &[taken.local_addr().unwrap().port()]);
    assert_eq!(guest.ask("a.example", A).await, (2, None));
    drop(taken);
    assert!(gives(guest.address("a.example").await));
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_not_asked_about() {
    let guest = Guest::start().await;
    guest.list("a.invalid", &[free_port()]);
    assert_eq!(guest.ask("a.invalid", A).await, (3, None));
    assert_eq!(guest.ask("invalid", A).await, (3, None));
}

#[tokio::test]
async fn a_door_that_is_not_there_is_a_failure_and_no_absence() {
    let guest = Guest::start().await;
    let gone = Names::new(Arc::new(Egress::new(Path::new("/nonexistent"))));
    assert_eq!(gone.find("a.example").await, message::Answer::Failure);
    assert_eq!(guest.ask("a.example", A).await, (3, None));
}

#[tokio::test]
async fn questions_come_over_streams_too_one_after_the_other() {
    let guest = Guest::start().await;
    guest.list("a.example", &[free_port()]);
    let mut stream = TcpStream::connect(guest.resolver).await.unwrap();
    for (name, code) in [("a.example", 0), ("b.example", 3)] {
        let message = question(name, A);
        let length = u16::try_from(message.len()).unwrap();
        stream.write_all(&length.to_be_bytes()).await.unwrap();
        stream.write_all(&message).await.unwrap();
        let mut answer = vec![0; usize::from(within(stream.read_u16()).await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(understood(&answer).0, code, "{name}");
    }
    // A longer message than any question ends the stream.
    stream.write_all(&[0xff, 0xff]).await.unwrap();
    assert_eq!(within(stream.read(&mut [0])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn answers_and_rubbish_get_no_answer_and_stop_nothing() {
    let guest = Guest::start().await;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut answer = question("b.example", A);
    answer[2] |= 0x80;
    for message in [&answer[..], b"", b"x", &[0; 1233]] {
        socket.send_to(message, guest.resolver).await.unwrap();
    }
    assert_eq!(guest.ask("b.example", A).await, (3, None));
    assert!(socket.try_recv(&mut [0; 16]).is_err());
}
