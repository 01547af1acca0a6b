//! A client that holds all of itself and knows no proxy: its own resolver, which asks whom the machine's file names, its
//! own TLS, which trusts what the machine was told to trust, and no look at any setting that names a proxy.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::ServerName;

/// The most bytes of an answer.
const MOST: u64 = 1 << 20;

fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("no URL")?;
    let (scheme, rest) = url.split_once("://").context("no scheme")?;
    let (host, path) = rest.split_once('/').context("no path")?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = match scheme {
        "https" => exchange(encrypted(host)?, &request)?,
        "http" => exchange(TcpStream::connect((host, 80))?, &request)?,
        _ => anyhow::bail!("no such scheme"),
    };
    println!("{answer}");
    ensure!(answer.starts_with("HTTP/1.1 200"), "it was refused");
    Ok(())
}

fn encrypted(host: &str) -> Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut trusted = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    trusted.add_parsable_certificates(found.certs);
    ensure!(!trusted.is_empty(), "nothing is trusted: {:?}", found.errors);
    let config = ClientConfig::builder()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    let stream = TcpStream::connect((host, 443)).context("cannot connect")?;
    Ok(StreamOwned::new(connection, stream))
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer)?;
    Ok(answer)
}
