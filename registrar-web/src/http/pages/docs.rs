use askama::Template;
use axum::response::Response;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::layout::{Page, render};
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "pages/docs.html")]
struct Docs<'a> {
    page: Page<'a>,
    body: &'a DocsBody,
}

/// The OpenAPI document, prepared for a page.
pub(crate) struct DocsBody {
    description: String,
    groups: Vec<Group>,
}

struct Group {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    needs: &'static str,
    inputs: Vec<Input>,
    answers: Vec<Answer>,
}

struct Input {
    name: String,
    place: &'static str,
    kind: String,
    required: bool,
    description: String,
}

struct Answer {
    status: String,
    description: String,
    examples: Vec<(String, String)>,
}

/// Shows the page.
pub(crate) fn show(visitor: &Visitor, body: &DocsBody) -> Response {
    render(&Docs {
        page: visitor.page("API"),
        body,
    })
}

impl DocsBody {
    /// Reads the document.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let all = serde_json::to_value(document).unwrap_or_default();
        let mut operations = Vec::new();
        for (path, item) in members(&all["paths"]) {
            for (method, operation) in members(item) {
                let tag = text(&operation["tags"][0]);
                operations.push((tag, read_operation(&all, path, method, operation)));
            }
        }
        let groups = all["tags"].as_array().into_iter().flatten().map(|tag| {
            let name = text(&tag["name"]);
            let (own, others) = std::mem::take(&mut operations)
                .into_iter()
                .partition(|(t, _)| *t == name);
            operations = others;
            let own: Vec<(String, Operation)> = own;
            Group {
                name,
                description: text(&tag["description"]),
                operations: own.into_iter().map(|(_, o)| o).collect(),
            }
        });
        Self {
            description: text(&all["info"]["description"]),
            groups: groups.collect(),
        }
    }
}

fn read_operation(all: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let mut inputs: Vec<Input> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| Input {
            name: text(&p["name"]),
            place: if p["in"] == "path" { "path" } else { "query" },
            kind: kind_of(&p["schema"]),
            required: p["required"] == true,
            description: text(&p["description"]),
        })
        .collect();
    let body = resolve(
        all,
        &operation["requestBody"]["content"]["application/json"]["schema"],
    );
    let required = body["required"].as_array();
    inputs.extend(members(&body["properties"]).map(|(name, schema)| Input {
        name: name.to_owned(),
        place: "body",
        kind: kind_of(schema),
        required: required.is_some_and(|r| r.iter().any(|n| n == name)),
        description: text(&schema["description"]),
    }));
    let answers = members(&operation["responses"]).map(|(status, answer)| Answer {
        status: status.to_owned(),
        description: text(&answer["description"]),
        examples: members(&answer["content"])
            .flat_map(|(_, content)| members(&content["examples"]))
            .map(|(name, example)| {
                let json = serde_json::to_string_pretty(&example["value"]);
                (name.to_owned(), json.unwrap_or_default())
            })
            .collect(),
    });
    Operation {
        id: anchor(method, path),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        needs: needs(&operation["security"]),
        inputs,
        answers: answers.collect(),
    }
}

/// Where the page shows it: names of operations are there more than once.
fn anchor(method: &str, path: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("{method}{}", path.chars().map(plain).collect::<String>())
}

/// What has to be sent along, in words.
fn needs(security: &Value) -> &'static str {
    let schemes = security.as_array().into_iter().flatten();
    let names: Vec<&str> = schemes.flat_map(members).map(|(name, _)| name).collect();
    match (
        names.contains(&"accessToken"),
        names.contains(&"adminToken"),
    ) {
        (true, true) => {
            "Needs the access token of a member whose role allows it, or the admin token."
        }
        (true, false) => "Needs an access token.",
        (false, true) => "Needs the admin token.",
        (false, false) => "",
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Follows a `$ref` inside the document.
fn resolve<'a>(all: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
        Some(pointer) => all.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

fn kind_of(schema: &Value) -> String {
    match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|k| *k != "null")
            .collect(),
        _ => "object".to_owned(),
    }
}
