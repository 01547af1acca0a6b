//! What an event would show of a head, for fuzz targets.

use bottle_plan::egress::LogDetail;

use super::place::{Asked, Place};
use crate::http1::Head;

/// Returns the path and the headers that an event about a request on the door would show.
pub(crate) fn shown(head: &Head, detail: LogDetail) -> Option<(String, Vec<(String, String)>)> {
    let asked = Asked::read(head, &Place::Door).ok()?;
    let subject = asked.subject(head, detail);
    Some((subject.path, subject.headers))
}
