//! Anthropic's Messages interface, as far as Claude Code uses it.

use serde_json::{Value, json};

use super::script::{Ids, ToolCall};
use super::settings::Settings;
use super::whole_or_streamed;
use crate::events::Event;
use crate::reply::Reply;

/// The tool that Claude Code runs commands with.
const SHELL: &str = "Bash";

/// The one content block of an answer.
enum Block {
    Text(String),
    Call { id: String, name: String, input: Value },
}

pub(super) fn reply(body: &Value, settings: &Settings, ids: &Ids) -> Reply {
    let block = Block::answering(body, settings, ids);
    let message = json!({
        "id": ids.next("msg"),
        "type": "message",
        "role": "assistant",
        "model": body.get("model").unwrap_or(&json!("mock")),
        "content": [block.whole()],
        "stop_reason": block.stop_reason(),
        "stop_sequence": null,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    });
    let streams = body.get("stream") == Some(&Value::Bool(true));
    whole_or_streamed(streams, &message, events(&message, &block), settings)
}

fn events(message: &Value, block: &Block) -> Vec<Event> {
    let mut start = message.clone();
    if let Value::Object(fields) = &mut start {
        fields.insert("content".to_owned(), json!([]));
        fields.insert("stop_reason".to_owned(), Value::Null);
    }
    let mut events = vec![
        Event::typed("message_start", json!({"message": start})),
        Event::typed(
            "content_block_start",
            json!({"index": 0, "content_block": block.empty()}),
        ),
    ];
    let delta = |delta| Event::typed("content_block_delta", json!({"index": 0, "delta": delta}));
    events.extend(block.deltas().into_iter().map(delta));
    events.extend([
        Event::typed("content_block_stop", json!({"index": 0})),
        Event::typed(
            "message_delta",
            json!({
                "usage": {"output_tokens": 5},
                "delta": {"stop_reason": block.stop_reason(), "stop_sequence": null},
            }),
        ),
        Event::typed("message_stop", json!({})),
    ]);
    events
}

impl Block {
    /// The scripted call, if the program declares its tool and has not brought the result yet; else the text.
    fn answering(body: &Value, settings: &Settings, ids: &Ids) -> Self {
        let (name, input) = match &settings.tool {
            Some(ToolCall::Shell { command }) => (
                SHELL.to_owned(),
                json!({"command": command, "description": "scripted command"}),
            ),
            Some(ToolCall::Named { name, input }) => (name.clone(), input.clone()),
            None => return Self::Text(settings.text.clone()),
        };
        if !declares(body, &name) || brings_result(body) {
            return Self::Text(settings.text.clone());
        }
        Self::Call {
            id: ids.next("toolu"),
            name,
            input,
        }
    }

    fn stop_reason(&self) -> &'static str {
        match self {
            Self::Text(_) => "end_turn",
            Self::Call { .. } => "tool_use",
        }
    }

    fn whole(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Call { id, name, input } => {
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
        }
    }

    fn empty(&self) -> Value {
        match self {
            Self::Text(_) => json!({"type": "text", "text": ""}),
            Self::Call { id, name, .. } => json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
        }
    }

    fn deltas(&self) -> Vec<Value> {
        match self {
            Self::Text(text) => text
                .split_inclusive(' ')
                .map(|word| json!({"type": "text_delta", "text": word}))
                .collect(),
            Self::Call { input, .. } => {
                vec![json!({"type": "input_json_delta", "partial_json": input.to_string()})]
            }
        }
    }
}

fn declares(body: &Value, name: &str) -> bool {
    let tools = body.get("tools").and_then(Value::as_array);
    tools.is_some_and(|tools| {
        tools
            .iter()
            .any(|tool| tool.get("name").is_some_and(|given| given == name))
    })
}

/// Whether a call is answered since the model last spoke; the program may add remarks of its own after the result.
fn brings_result(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    let is = |value: &Value, key: &str, is: &str| value.get(key).is_some_and(|value| value == is);
    let since = messages
        .into_iter()
        .flat_map(|messages| messages.iter().rev())
        .take_while(|message| !is(message, "role", "assistant"));
    since
        .filter_map(|message| message.get("content").and_then(Value::as_array))
        .flatten()
        .any(|block| is(block, "type", "tool_result"))
}
