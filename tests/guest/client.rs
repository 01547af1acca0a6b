//! A client that knows nothing but a name: it asks whom the resolver's file names, connects to port 80 and speaks HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;

fn main() {
    let host = std::env::args().nth(1).expect("a host");
    let mut stream = TcpStream::connect((host.as_str(), 80)).expect("a connection");
    let request = format!("GET /status/200 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
