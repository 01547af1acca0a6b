//! A Docker Engine with the base image of our images, on a machine that may have neither.

mod api;
mod base;
mod service;

pub(crate) use service::install_missing;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::engine::api::{Api, Presence};
use crate::machine::Machine;

/// Makes sure that an engine answers and has the base image, or says what is missing and how to get it.
pub(crate) fn ensure(machine: &Machine) -> Result<()> {
    let Some(socket) = socket(machine)? else {
        println!("engine: DOCKER_HOST names one that is not on this machine; it is taken as it is");
        return Ok(());
    };
    let api = Api::new(socket);
    service::ensure_answers(machine, &api)?;
    base::ensure_image(machine, &api)
}

/// Tells whether there is an engine already; none is installed.
pub(crate) fn answers(machine: &Machine) -> bool {
    match socket(machine) {
        Ok(Some(socket)) => matches!(Api::new(socket).presence(), Presence::Answers),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// The engine's socket; none for an engine elsewhere.
fn socket(machine: &Machine) -> Result<Option<PathBuf>> {
    match machine.docker_host.as_deref() {
        None => Ok(Some(PathBuf::from("/var/run/docker.sock"))),
        Some(chosen) => match chosen.split_once("://") {
            Some(("unix", path)) => Ok(Some(PathBuf::from(path))),
            Some(("tcp" | "ssh" | "http" | "https", _)) => Ok(None),
            _ => bail!("DOCKER_HOST is {chosen:?}, which is not an engine's address"),
        },
    }
}
