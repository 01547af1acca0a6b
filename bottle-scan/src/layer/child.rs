//! A packed stream inside another stream.

use super::window::Opened;
use super::{Layer, Shared};
use crate::budget::Limit;
use crate::decode::Letters;
use crate::finding::{Finding, Step};
use crate::unpack::{End, Ended, Unpack};

/// A packed stream that is being unpacked.
pub(super) struct Child {
    steps: Vec<Step>,
    /// Where it begins in the stream around it.
    at: u64,
    /// How its bytes are written, if not as they are.
    letters: Option<Letters>,
    /// Whether its carrier says that it is packed, so that it is no chance if it is not.
    declared: bool,
    /// The bytes of a head that are still to come.
    skip: usize,
    unpacker: Box<dyn Unpack>,
    layer: Box<Layer>,
}

impl Child {
    pub(super) fn new(opened: Opened, layer: Layer) -> Self {
        let packed = opened.packed;
        let steps = opened.encoding.clone().into_iter().chain([packed.step]).collect();
        Self {
            steps,
            at: opened.at,
            letters: opened.encoding.as_ref().map(Letters::new),
            declared: false,
            skip: packed.skip,
            unpacker: packed.unpacker,
            layer: Box::new(layer),
        }
    }

    /// A stream that its carrier calls packed.
    pub(super) fn declared(step: Step, unpacker: Box<dyn Unpack>, layer: Layer) -> Self {
        Self {
            steps: vec![step],
            at: 0,
            letters: None,
            declared: true,
            skip: 0,
            unpacker,
            layer: Box::new(layer),
        }
    }

    /// Whether its bytes stand in the stream around it as they are.
    pub(super) fn is_raw(&self) -> bool {
        self.letters.is_none()
    }

    /// Takes the next bytes of the stream around it; returns how many it used if it ended among them.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        shared: &mut Shared<'_>,
        found: &mut Vec<Finding>,
    ) -> Option<usize> {
        let Some(letters) = &mut self.letters else {
            return self.feed_raw(bytes, shared, found);
        };
        let mut decoded = Vec::with_capacity(bytes.len());
        let ended = letters.decode(bytes, &mut decoded);
        self.feed_raw(&decoded, shared, found).or(ended)
    }

    fn feed_raw(&mut self, bytes: &[u8], shared: &mut Shared<'_>, found: &mut Vec<Finding>) -> Option<usize> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let bytes = bytes.get(skipped..).filter(|bytes| !bytes.is_empty())?;
        let mut inside = Vec::new();
        let layer = &mut self.layer;
        let mut scan = |piece: &[u8]| scan(piece, layer, shared, &mut inside);
        let ended = self.unpacker.feed(bytes, &mut scan);
        self.hand_over(inside, found);
        let Ended { used, how } = ended?;
        match how {
            End::Broken if self.declared => shared.meter.meet(Limit::Broken),
            End::Refused => shared.meter.meet(Limit::Open),
            _ => {}
        }
        Some(skipped + used)
    }

    /// Scans what is left of what came out.
    pub(super) fn finish(mut self, shared: &mut Shared<'_>, found: &mut Vec<Finding>) {
        let mut inside = Vec::new();
        let layer = &mut self.layer;
        self.unpacker
            .end(&mut |piece| scan(piece, layer, shared, &mut inside));
        self.layer.finish(shared, &mut inside);
        self.hand_over(inside, found);
        shared.meter.close();
    }

    fn hand_over(&self, inside: Vec<Finding>, found: &mut Vec<Finding>) {
        found.extend(inside.into_iter().map(|finding| Finding {
            offset: self.at,
            length: 0,
            chain: self.steps.iter().cloned().chain(finding.chain).collect(),
            ..finding
        }));
    }
}

/// Scans a piece of what came out, unless that is too much by now.
fn scan(piece: &[u8], layer: &mut Layer, shared: &mut Shared<'_>, inside: &mut Vec<Finding>) -> bool {
    let may = shared.meter.decode(piece.len());
    if may {
        layer.push(piece, shared, inside);
    }
    may
}
