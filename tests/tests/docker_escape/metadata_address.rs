//! A cloud's metadata service, which hands out the machine's own credentials.

use anyhow::Result;

use crate::cell::{AT_ONCE, Cell};

#[test]
fn the_metadata_address_is_out_of_reach() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_metadata_address_is_out_of_reach")? else {
        return Ok(());
    };
    // Where there is no such service nobody answers, so that nothing can be shown in the twin.
    cell.refuses_untwinned(&["tcp", "169.254.169.254", "80"])?;
    cell.refuses_untwinned(&["tcp", "fd00:ec2::254", "80"])?;
    let through_the_door = [
        "curl",
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "http://169.254.169.254/",
    ];
    let answer = cell.scene.exec_within(AT_ONCE, &through_the_door)?;
    assert_eq!(answer.stdout, "403", "{answer:?}");
    Ok(())
}
