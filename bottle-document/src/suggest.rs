//! What was probably meant.

/// Longer words are not compared: distance is quadratic, and the words come from a file.
const MAX_COMPARED_BYTES: usize = 64;

/// The candidate nearest to a mistyped word, if one is near enough to be worth naming.
///
/// ```
/// assert_eq!(bottle_document::nearest("Token-Ref", ["token_ref", "scheme"]), Some("token_ref"));
/// assert_eq!(bottle_document::nearest("colour", ["host", "ports"]), None);
/// ```
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > MAX_COMPARED_BYTES {
        return None;
    }
    let folded = fold(word);
    let allowed = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_COMPARED_BYTES)
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the two word separators are the commonest slips and count for nothing.
fn fold(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}
