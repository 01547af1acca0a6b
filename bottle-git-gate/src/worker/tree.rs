//! Names in raw trees: `MODE SP NAME NUL` and a binary id, again and again.

/// Takes the names out of a tree's bytes, whatever pieces they come in.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The bytes of an entry that is not whole.
    entry: Vec<u8>,
    /// Bytes of a binary id that are still to be skipped.
    skip: usize,
    id_bytes: usize,
}

impl Names {
    pub(super) fn new(id_digits: usize) -> Self {
        Self {
            id_bytes: id_digits / 2,
            ..Self::default()
        }
    }

    /// Calls `found` with each name.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut found: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let end = bytes.iter().position(|byte| *byte == 0);
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.entry.extend(part);
            bytes = rest;
            if end.is_some() {
                bytes = rest.get(1..).unwrap_or_default();
                let space = self.entry.iter().position(|byte| *byte == b' ');
                found(self.entry.get(space.map_or(0, |at| at + 1)..).unwrap_or_default());
                self.entry.clear();
                self.skip = self.id_bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_are_found_in_any_pieces() {
        let mut tree = b"100644 a b\0".to_vec();
        tree.extend([0; 20]);
        tree.extend(b"40000 c\0");
        tree.extend([b' '; 20]);
        for size in 1..tree.len() {
            let (mut names, mut found) = (Names::new(40), Vec::new());
            for piece in tree.chunks(size) {
                names.push(piece, |name| found.push(name.to_vec()));
            }
            assert_eq!(found, [b"a b".to_vec(), b"c".to_vec()], "{size}");
        }
    }
}
