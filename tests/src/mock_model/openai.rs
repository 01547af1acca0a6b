//! OpenAI's Responses interface, as far as Codex uses it.

use serde_json::{Value, json};

use super::script::{Ids, ToolCall};
use super::settings::Settings;
use super::whole_or_streamed;
use crate::events::Event;
use crate::reply::Reply;

/// How long a command may run before its tool answers, in milliseconds.
const PATIENCE: u64 = 60_000;

/// A tool as a request declares it.
struct Declared<'a> {
    name: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
}

pub(super) fn reply(body: &Value, settings: &Settings, ids: &Ids) -> Reply {
    let call = if brings_result(body) {
        None
    } else {
        tool_call(body, settings, ids)
    };
    let item = call.unwrap_or_else(|| message(settings, ids));
    let response = |status: &str, output: Value| {
        json!({
            "id": "resp_mock",
            "object": "response",
            // Some time in 2026; nothing depends on it.
            "created_at": 1_790_000_000,
            "status": status,
            "model": body.get("model").unwrap_or(&json!("mock")),
            "output": output,
            "usage": {
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 15,
            },
        })
    };
    let done = response("completed", json!([item]));
    let mut events = vec![Event::typed(
        "response.created",
        json!({"response": response("in_progress", json!([]))}),
    )];
    events.extend(item_events(&item, settings));
    events.push(Event::typed("response.completed", json!({"response": done})));
    let streams = body.get("stream") != Some(&Value::Bool(false));
    whole_or_streamed(streams, &done, events, settings)
}

fn item_events(item: &Value, settings: &Settings) -> Vec<Event> {
    let is_message = item.get("type").is_some_and(|kind| kind == "message");
    let mut started = item.clone();
    if let Value::Object(fields) = &mut started {
        fields.insert("status".to_owned(), json!("in_progress"));
        if is_message {
            fields.insert("content".to_owned(), json!([]));
        }
    }
    let mut events = vec![Event::typed(
        "response.output_item.added",
        json!({"output_index": 0, "item": started}),
    )];
    if is_message {
        events.extend(settings.text.split_inclusive(' ').map(|word| {
            Event::typed(
                "response.output_text.delta",
                json!({"output_index": 0, "content_index": 0, "item_id": item.get("id"), "delta": word}),
            )
        }));
    }
    events.push(Event::typed(
        "response.output_item.done",
        json!({"output_index": 0, "item": item}),
    ));
    events
}

fn message(settings: &Settings, ids: &Ids) -> Value {
    json!({
        "type": "message",
        "id": ids.next("msg"),
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": settings.text, "annotations": []}],
    })
}

/// The scripted call in the form that fits the tools of this request.
fn tool_call(body: &Value, settings: &Settings, ids: &Ids) -> Option<Value> {
    let declared = declared(body);
    let scripted = settings.tool.as_ref()?;
    for (name, arguments) in forms(scripted) {
        if let Some(tool) = declared.iter().find(|tool| tool.name == name) {
            return Some(with_namespace(tool, function_call(name, &arguments, ids)));
        }
    }
    let exec = declared
        .iter()
        .find(|tool| tool.name == "exec" && tool.kind == "custom")?;
    Some(with_namespace(exec, exec_call(scripted, ids)))
}

/// The names under which the call may be declared as a plain function, newest first.
fn forms(scripted: &ToolCall) -> Vec<(&str, Value)> {
    match scripted {
        ToolCall::Named { name, input } => vec![(name, input.clone())],
        ToolCall::Shell { command } => vec![
            ("exec_command", json!({"cmd": command, "yield_time_ms": PATIENCE})),
            ("shell_command", json!({"command": command})),
            ("shell", json!({"command": ["bash", "-lc", command]})),
        ],
    }
}

fn function_call(name: &str, arguments: &Value, ids: &Ids) -> Value {
    json!({
        "type": "function_call",
        "id": ids.next("fc"),
        "call_id": ids.next("call"),
        "name": name,
        "arguments": arguments.to_string(),
        "status": "completed",
    })
}

/// Newer models reach all tools through one that takes JavaScript.
fn exec_call(scripted: &ToolCall, ids: &Ids) -> Value {
    let script = match scripted {
        ToolCall::Shell { command } => {
            // Otherwise a command that takes its time is answered with what it has printed so far.
            let patient = json!({"yield_time_ms": PATIENCE});
            let call = json!({"cmd": command, "yield_time_ms": PATIENCE});
            format!("// @exec: {patient}\nconst r = await tools.exec_command({call}); text(r.output);")
        }
        ToolCall::Named { name, input } => format!("text(JSON.stringify(await tools.{name}({input})));"),
    };
    json!({
        "type": "custom_tool_call",
        "id": ids.next("ctc"),
        "call_id": ids.next("call"),
        "name": "exec",
        "input": script,
        "status": "completed",
    })
}

fn with_namespace(tool: &Declared<'_>, mut call: Value) -> Value {
    if let (Some(namespace), Value::Object(fields)) = (tool.namespace, &mut call) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    call
}

/// Tools stand in `tools`, or with newer models in an input item, there in namespaces.
fn declared(body: &Value) -> Vec<Declared<'_>> {
    let is_tools = |item: &&Value| item.get("type").is_some_and(|kind| kind == "additional_tools");
    let additional = items(body, "input")
        .filter(is_tools)
        .flat_map(|item| items(item, "tools"));
    let mut declared = Vec::new();
    for tool in items(body, "tools").chain(additional) {
        if kind(tool) == "namespace" {
            let namespace = tool.get("name").and_then(Value::as_str);
            declared.extend(items(tool, "tools").map(|inner| Declared::new(inner, namespace)));
        } else {
            declared.push(Declared::new(tool, None));
        }
    }
    declared
}

impl<'a> Declared<'a> {
    fn new(tool: &'a Value, namespace: Option<&'a str>) -> Self {
        let kind = kind(tool);
        Self {
            name: tool.get("name").and_then(Value::as_str).unwrap_or(kind),
            kind,
            namespace,
        }
    }
}

/// Whether a tool's result follows the last thing that the user said.
fn brings_result(body: &Value) -> bool {
    items(body, "input").fold(false, |result, item| {
        let from_user = item.get("role").is_some_and(|role| role == "user");
        (result && !from_user) || kind(item).ends_with("_output")
    })
}

fn items<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}
