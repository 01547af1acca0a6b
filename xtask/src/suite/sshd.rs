//! The server behind the git gate in its tests, where the machine has none.

use std::path::Path;

use anyhow::{Result, bail};

use crate::engine::install_missing;
use crate::machine::Machine;

/// Installs an sshd where that starts none: a service manager would run it at once, for everybody.
pub(super) fn ensure(machine: &Machine) -> Result<()> {
    if machine.find_program("sshd").is_some() {
        return Ok(());
    }
    if !machine.may_install_packages() || Path::new("/run/systemd/system").exists() {
        bail!("there is no sshd; install one (on Debian, as root: `apt-get install openssh-server`)");
    }
    install_missing(machine, &[("sshd", "openssh-server")])
}
