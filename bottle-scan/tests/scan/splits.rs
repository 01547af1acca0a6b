//! However a stream is cut, the same is found.

use bottle_scan::{Finding, KnownSecrets, Parts, Scanner};
use bottle_util::Secret;
use proptest::prelude::*;

use crate::support::{PACKED, TEXT, tar, token};

const RULES: [&str; 6] = [
    "github-personal-token",
    "aws-access-key-id",
    "private-key",
    "json-web-token",
    "database-url",
    "api-key",
];

fn scanner() -> Scanner {
    let mut known = KnownSecrets::new([1; 32]);
    known
        .add(
            "own",
            &Secret::from("Tr0ub4dor-and-3-horses".to_owned()),
            Parts::Any,
        )
        .unwrap();
    Scanner::new().with_known(known)
}

fn scan(scanner: &Scanner, bytes: &[u8], mut cuts: impl Iterator<Item = usize>) -> Vec<Finding> {
    let mut stream = scanner.stream();
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(cuts.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        found.extend(stream.push(piece));
        rest = after;
    }
    found.extend(stream.finish().findings);
    found
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    let plain = (0..RULES.len(), any::<u64>())
        .prop_map(|(rule, seed)| format!(" {}\n", token(RULES[rule], seed)).into_bytes());
    let encoded = (plain.clone(), 0..TEXT.len()).prop_map(|(bytes, which)| TEXT[which].1(&bytes));
    let packed = (prop_oneof![plain.clone(), encoded.clone()], 0..PACKED.len())
        .prop_map(|(bytes, which)| PACKED[which].1(&bytes));
    let archived = plain.clone().prop_map(|bytes| tar(&[("a/b", &bytes)]));
    let filler = (0usize..70_000, any::<u64>()).prop_map(|(length, seed)| filler(length, seed));
    let pieces = Just(b"Tr0ub4 dor and".to_vec());
    prop_oneof![
        plain,
        encoded,
        packed,
        archived,
        filler,
        pieces,
        prop::collection::vec(any::<u8>(), 0..200)
    ]
}

/// Words, line breaks and the odd sign.
fn filler(length: usize, seed: u64) -> Vec<u8> {
    let mut draw = bottle_scan::rules::sample::Draw::new(seed);
    let letters = b"abcdefghijk lmnop\nqrstuv wxyz=\"{}/%\\:,.0123";
    (0..length).map(|_| letters[draw.below(letters.len())]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_split_finds_the_same(parts in prop::collection::vec(part(), 1..8), cuts in prop::collection::vec(1usize..9000, 1..40)) {
        let bytes = parts.concat();
        let scanner = scanner();
        let whole = scan(&scanner, &bytes, std::iter::empty());
        prop_assert_eq!(&whole, &scan(&scanner, &bytes, cuts.into_iter().cycle()));
    }
}

#[test]
fn bytes_one_by_one_find_the_same() {
    let parts = RULES
        .iter()
        .zip(0..)
        .map(|(rule, seed)| format!("{}\n", token(rule, seed)).into_bytes());
    let bytes = [
        parts.collect::<Vec<_>>().concat(),
        TEXT[0].1(b"x"),
        PACKED[0].1(b"y"),
    ]
    .concat();
    let scanner = scanner();
    let whole = scan(&scanner, &bytes, std::iter::empty());
    assert_eq!(whole.len(), RULES.len());
    assert_eq!(whole, scan(&scanner, &bytes, std::iter::repeat(1)));
}

#[test]
fn a_token_across_the_edge_of_a_block_is_found_once() {
    let token = token("github-personal-token", 1);
    for before in (65_536 - 60)..(65_536 + 4) {
        let bytes = [" ".repeat(before), token.clone(), " ".repeat(70_000)].concat();
        let found = scan(&scanner(), bytes.as_bytes(), std::iter::empty());
        assert_eq!(
            found.iter().map(|one| one.offset).collect::<Vec<_>>(),
            [before as u64]
        );
    }
}
