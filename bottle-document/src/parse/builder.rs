//! Parser events to tree, without recursion.

use std::collections::HashMap;

use granit_parser::{Event, ScalarStyle as Notation};

use super::{MAX_DEPTH, MAX_NODES, is_frame, too_deep};
use crate::diagnostic::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::escape::quoted;
use crate::source::{Span, Spanned};
use crate::tree::{Entry, Map, Node, Scalar, ScalarStyle, Value};

/// Builds one document and reports what strictness forbids.
pub(super) struct Builder<'d> {
    diagnostics: &'d mut Diagnostics,
    open: Vec<Open>,
    root: Option<Node>,
    empty: Span,
    documents: usize,
    nodes: usize,
    has_alias: bool,
}

/// A list or map whose end has not come yet.
struct Open {
    start: Span,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        map: Map,
        key: Key,
        seen: HashMap<String, Span>,
    },
}

/// What a map waits for.
enum Key {
    /// The next node is a key.
    Awaited,
    /// The next node is this key's value.
    Read(Spanned<String>),
    /// The next node is the value of a key that was reported; it is read and dropped.
    Refused,
}

impl<'d> Builder<'d> {
    pub(super) fn new(yaml: &Span, diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            diagnostics,
            open: Vec::new(),
            root: None,
            empty: yaml.start(),
            documents: 0,
            nodes: 0,
            has_alias: false,
        }
    }

    /// The tree, once all events came; none if the value of an alias would be missing in it.
    pub(super) fn into_root(self) -> Option<Node> {
        if self.has_alias {
            return None;
        }
        let empty = Value::Map(Map::default());
        Some(self.root.unwrap_or(Node {
            value: empty,
            span: self.empty,
        }))
    }

    pub(super) fn event(
        &mut self,
        event: Event<'_>,
        span: Span,
        tag: Option<Span>,
    ) -> Result<(), Diagnostic> {
        if let Some(tag) = tag {
            self.forbid("tag", "tags are not supported", &tag);
        }
        match event {
            frame if is_frame(&frame) => Ok(()),
            Event::DocumentStart(..) => self.document(&span),
            Event::Scalar(text, notation, ..) => self.scalar(&text, notation, span),
            Event::SequenceStart(..) => self.open(span, Content::List(Vec::new())),
            Event::MappingStart(..) => self.open(
                span,
                Content::Map {
                    map: Map::default(),
                    key: Key::Awaited,
                    seen: HashMap::new(),
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Anchor(..) => {
                self.forbid("anchor", "anchors are not supported", &span);
                Ok(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.forbid("alias", "aliases are not supported", &span);
                self.has_alias = true;
                self.scalar("", Notation::Plain, span)
            }
            // The parser may learn new events; what is not known is not read.
            _ => Err(Diagnostic::error("malformed-yaml", "this notation is not supported").at(&span)),
        }
    }

    fn forbid(&mut self, code: &'static str, message: &str, span: &Span) {
        let help = match code {
            "alias" => "write the value out; a text that begins with `*` needs quotes",
            _ => "write the value out",
        };
        self.diagnostics
            .report(Diagnostic::error(code, message).at(span).help(help));
    }

    fn document(&mut self, span: &Span) -> Result<(), Diagnostic> {
        self.documents += 1;
        if self.documents > 1 {
            let message = "a second document is not allowed in one file";
            return Err(Diagnostic::error("second-document", message).at(span));
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, notation: Notation, span: Span) -> Result<(), Diagnostic> {
        let style = match notation {
            Notation::Plain => ScalarStyle::Plain,
            Notation::SingleQuoted | Notation::DoubleQuoted => ScalarStyle::Quoted,
            Notation::Literal | Notation::Folded => ScalarStyle::Block,
        };
        self.node(Node {
            value: Value::Scalar(Scalar::new(text, style)),
            span,
        })
    }

    fn open(&mut self, start: Span, content: Content) -> Result<(), Diagnostic> {
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(&start));
        }
        self.open.push(Open { start, content });
        Ok(())
    }

    fn close(&mut self, end: &Span) -> Result<(), Diagnostic> {
        let Some(Open { start, content }) = self.open.pop() else {
            return Ok(());
        };
        let (value, last) = match content {
            Content::List(items) => {
                let last = items.last().map(|item| item.span.range().end);
                (Value::List(items), last)
            }
            Content::Map { map, .. } => {
                let last = map.entries().last().map(|entry| entry.node.span.range().end);
                (Value::Map(map), last)
            }
        };
        // A block ends where the next token starts, which may be lines below; a flow ends with its bracket.
        let is_flow = !end.text().is_empty();
        let end = if is_flow {
            end.range().end
        } else {
            last.unwrap_or(end.range().end)
        };
        let span = start.source().span(start.range().start..end);
        self.node(Node { value, span })
    }

    /// Puts a finished value where it belongs.
    fn node(&mut self, node: Node) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one document");
            return Err(Diagnostic::error("too-large", message).at(&node.span));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { map, key, seen }) => match std::mem::replace(key, Key::Awaited) {
                Key::Awaited => *key = read_key(node, seen, self.diagnostics),
                Key::Read(key) => map.push(Entry { key, node }),
                // Whatever it means, its key has none here, so it need not be shown.
                Key::Refused => self.diagnostics.hide(&node.span),
            },
        }
        Ok(())
    }

    /// An empty document is an empty map, as if every key had been left out.
    fn root(&mut self, node: Node) {
        let is_empty = node.span.text().is_empty() && node.as_scalar().is_some_and(|it| it.plain().is_some());
        if !is_empty {
            self.root = Some(node);
        }
    }
}

fn read_key(node: Node, seen: &mut HashMap<String, Span>, diagnostics: &mut Diagnostics) -> Key {
    let Node {
        value: Value::Scalar(scalar),
        span,
    } = node
    else {
        diagnostics.report(Diagnostic::error("complex-key", "a key must be a string").at(&node.span));
        return Key::Refused;
    };
    let key = scalar.text().to_owned();
    if scalar.plain() == Some("<<") {
        let merge = Diagnostic::error("merge-key", "merge keys are not supported").at(&span);
        diagnostics.report(merge.help("write the keys out"));
        return Key::Refused;
    }
    if span.text().is_empty() {
        diagnostics.report(Diagnostic::error("complex-key", "a key is missing here").at(&span));
        return Key::Refused;
    }
    if let Some(first) = seen.get(&key) {
        let message = format!("the key {} occurs twice", quoted(&key));
        let twice = Diagnostic::error("duplicate-key", message).at(&span);
        diagnostics.report(twice.label(first, "first here"));
        return Key::Refused;
    }
    seen.insert(key.clone(), span.clone());
    Key::Read(span.with(key))
}
