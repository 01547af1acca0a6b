//! The rules made ready: one prefilter over all keywords, and each rule's expression compiled when first needed.

use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use crate::prefilter::{Hit, Prefilter};
use crate::rules::{self, Check, Lead, Rule};
use crate::unpack::MAGICS;
use crate::{shape, value};

/// Rules, ready for use; cheap to share.
#[derive(Debug)]
pub(crate) struct RuleSet {
    rules: Vec<Ready>,
    /// The rules of each keyword.
    users: Vec<Vec<u16>>,
    keywords: Vec<&'static str>,
    prefilter: Prefilter,
}

#[derive(Debug)]
struct Ready {
    rule: &'static Rule,
    tail: OnceLock<Option<Regex>>,
}

/// Where a rule matched.
#[derive(Debug, Clone)]
pub(crate) struct Match {
    pub(crate) rule: &'static Rule,
    pub(crate) keyword: &'static str,
    /// All of it; for a value that is known by its name, the value.
    pub(crate) span: Range<usize>,
}

impl Match {
    /// The same match in a text that has so many bytes more before it.
    pub(crate) fn behind(mut self, bytes: usize) -> Self {
        self.span = self.span.start + bytes..self.span.end + bytes;
        self
    }
}

/// What a keyword leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    OfRules,
    /// A packed stream, perhaps.
    Packed,
    /// The header of a tar entry, perhaps.
    Tar,
}

/// What stands in every tar header.
const TAR_MAGIC: &[u8] = b"ustar";

/// What a failed attempt may have read, in bytes; only for the account.
const ATTEMPT: usize = 48;

/// What an expression and its search tables may take, in bytes.
const EXPRESSION_BYTES: usize = 1 << 20;

impl RuleSet {
    /// The set of all rules, made once.
    pub(crate) fn all() -> Arc<Self> {
        static ALL: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::new(true)));
        Arc::clone(&ALL)
    }

    /// The set of those rules that need no more than the secret itself.
    pub(crate) fn precise() -> Arc<Self> {
        static PRECISE: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::new(false)));
        Arc::clone(&PRECISE)
    }

    fn new(generic: bool) -> Self {
        let chosen = rules::all().filter(|rule| generic || !rule.generic);
        let ready = |rule| Ready {
            rule,
            tail: OnceLock::new(),
        };
        let rules: Vec<Ready> = chosen.map(ready).collect();
        let mut keywords: Vec<&'static str> =
            rules.iter().flat_map(|one| one.rule.keywords).copied().collect();
        keywords.sort_unstable();
        keywords.dedup();
        let users_of = |keyword: &&'static str| {
            let uses = |(one, number): (&Ready, u16)| one.rule.keywords.contains(keyword).then_some(number);
            rules.iter().zip(0u16..).filter_map(uses).collect()
        };
        let others = [TAR_MAGIC].into_iter().chain(MAGICS);
        Self {
            users: keywords.iter().map(users_of).collect(),
            prefilter: Prefilter::new(keywords.iter().map(|keyword| keyword.as_bytes()).chain(others)),
            keywords,
            rules,
        }
    }

    /// Finds the keywords that begin in a range.
    pub(crate) fn hits(&self, text: &[u8], owned: Range<usize>) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.prefilter.find(text, owned, &mut hits);
        hits.sort_unstable();
        hits
    }

    /// Says what a keyword leads to.
    pub(crate) fn keyword(&self, hit: Hit) -> Keyword {
        match usize::from(hit.keyword).checked_sub(self.keywords.len()) {
            None => Keyword::OfRules,
            Some(0) => Keyword::Tar,
            Some(_) => Keyword::Packed,
        }
    }

    /// Tries the rules of a keyword where it was found, and adds to the account what that read.
    pub(crate) fn matches(&self, text: &[u8], hit: Hit, work: &mut usize, found: &mut Vec<Match>) {
        let number = usize::from(hit.keyword);
        let (Some(keyword), Some(users)) = (self.keywords.get(number), self.users.get(number)) else {
            return;
        };
        for user in users {
            if let Some(ready) = self.rules.get(usize::from(*user)) {
                let matched = ready.try_at(text, hit.at, keyword);
                *work += ATTEMPT + matched.as_ref().map_or(0, |one| one.span.len());
                found.extend(matched);
            }
        }
    }
}

#[cfg(test)]
impl RuleSet {
    /// The rules whose expressions do not compile.
    pub(crate) fn broken(&self) -> Vec<&'static str> {
        let broken = |ready: &&Ready| ready.tail().is_none();
        self.rules
            .iter()
            .filter(broken)
            .map(|ready| ready.rule.id)
            .collect()
    }

    /// Whether a rule by itself matches somewhere.
    pub(crate) fn matches_of(&self, id: &str, text: &[u8]) -> bool {
        let mut found = Vec::new();
        for hit in self.hits(text, 0..text.len()) {
            self.matches(text, hit, &mut 0, &mut found);
        }
        found.iter().any(|one| one.rule.id == id)
    }
}

impl Ready {
    fn try_at(&self, text: &[u8], at: usize, keyword: &'static str) -> Option<Match> {
        let rule = self.rule;
        let after = at + keyword.len();
        if !rule.named && text.get(at..after)? != keyword.as_bytes() {
            return None;
        }
        let start = rule.lead.start(text, at)?;
        let reach = text.len().min(after + rule.reach);
        let input = Input::new(text).span(after..reach).anchored(Anchored::Yes);
        let mut slots = [None; 4];
        self.tail()?.search_slots(&input, &mut slots)?;
        let place = |slot: usize| slots.get(slot).copied().flatten().map(|at| at.get());
        let end = place(1)?;
        let group = place(2).zip(place(3)).map(|(from, to)| from..to);
        let secret = group.unwrap_or(start..end);
        let is_cut = text.get(secret.end).is_some_and(u8::is_ascii_alphanumeric);
        if is_cut && secret.end < reach || !rule.is_plausible(text, after, &secret, start..end) {
            return None;
        }
        let span = if rule.named { secret } else { start..end };
        Some(Match { rule, keyword, span })
    }

    fn tail(&self) -> Option<&Regex> {
        let compile = || {
            // Bytes and ASCII classes: with Unicode's tables compiling takes a hundred times as long.
            let syntax = syntax::Config::new().unicode(false).utf8(false);
            let config = Regex::config()
                .utf8_empty(false)
                .nfa_size_limit(Some(4 * EXPRESSION_BYTES))
                .onepass_size_limit(Some(EXPRESSION_BYTES))
                .hybrid_cache_capacity(EXPRESSION_BYTES);
            Regex::builder()
                .syntax(syntax)
                .configure(config)
                .build(self.rule.tail)
                .ok()
        };
        self.tail.get_or_init(compile).as_ref()
    }
}

impl Lead {
    /// Where a match begins whose keyword stands at a place, if what precedes it allows one.
    fn start(self, text: &[u8], at: usize) -> Option<usize> {
        let (least, most, fits): (usize, usize, fn(&u8) -> bool) = match self {
            Self::Free => return Some(at),
            Self::Boundary | Self::Alone => (0, 0, |_| false),
            Self::Digits(least, most) => (least, most, u8::is_ascii_digit),
            Self::Hex(length) => (length, length, u8::is_ascii_hexdigit),
            Self::Letters(length) => (length, length, |byte| {
                byte.is_ascii_alphanumeric() || b"-._~".contains(byte)
            }),
        };
        let before = text.get(..at)?;
        let length = before
            .iter()
            .rev()
            .take(most)
            .take_while(|byte| fits(byte))
            .count();
        let start = at - length;
        let before = before.get(..start)?;
        let is_inside = self == Self::Alone && before.last().is_some_and(|last| b"+/-_".contains(last));
        (length >= least && !is_inside && is_boundary(before)).then_some(start)
    }
}

/// Whether a text ends where a token may begin. The letter of an escape such as `\n` is no part of one.
fn is_boundary(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
        // ANSI colours end in a letter.
        [.., b'0'..=b'9', b'm'] => true,
        [.., last] => !last.is_ascii_alphanumeric(),
        [] => true,
    }
}

impl Rule {
    fn is_plausible(&self, text: &[u8], after: usize, secret: &Range<usize>, all: Range<usize>) -> bool {
        let part = |range: Range<usize>| text.get(range).unwrap_or_default();
        let value = part(secret.clone());
        // A prefix is no part of what was drawn at random.
        let leads = matches!(self.lead, Lead::Boundary | Lead::Alone | Lead::Free);
        let is_all = leads && secret.start == all.start && secret.end > after;
        let drawn = if is_all { part(after..secret.end) } else { value };
        let all = part(all);
        let fits = match self.check {
            Check::None => true,
            Check::Crc32Base62 => crate::checksum::ends_in_crc32_base62(part(after..secret.end)),
            Check::Crc32Hex => crate::checksum::ends_in_crc32_hex(all),
            Check::Bech32 => crate::checksum::is_bech32(all),
            Check::Base58 => crate::checksum::is_base58check(all),
            Check::Jwt => shape::is_jwt(all),
            Check::Credentials => shape::is_credentials(value),
            Check::Key => shape::is_key(value),
            Check::Mixed => value::is_mixed(drawn),
            Check::Random => value::is_mixed(drawn) && !value::is_wordy(drawn) && shape::is_random(drawn),
            Check::Password => shape::is_password(value),
        };
        fits && value::entropy(drawn) >= self.entropy.min(most_entropy(drawn.len()))
            && !value::is_placeholder(value)
    }
}

/// What a text of so many bytes can have at most, less what chance takes.
fn most_entropy(length: usize) -> f32 {
    (length.max(1) as f32).log2() * 0.72
}
