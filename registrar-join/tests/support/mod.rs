//! A terminal that a script types at, and a service that answers from a table.
#![allow(dead_code, unreachable_pub, reason = "shared by test programs")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use registrar_join::service::{NoReply, Question, Registrar, Reply, Transport};
use registrar_join::terminal::{Echo, Ended, Terminal, Typed};
use registrar_join::visitor::Visitor;
use registrar_join::walk::walk;
use serde_json::{Value, json};
use zeroize::Zeroizing;

pub const ED: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMkgTGMEVZIVxJ0bkQ1b1kmYKqkMuOmg3AZ9CX6qM3B";
pub const FINGERPRINT: &str = "SHA256:";
pub const PASSWORD: &str = "plum gravel sunday kite";

/// What is done at a prompt.
#[derive(Clone, Debug)]
pub enum Do {
    /// Types a line.
    Type(String),
    /// Lets the time of the prompt pass.
    Wait,
    /// Types a line that the terminal can't take.
    Garbage,
    /// Ends it.
    End(Ended),
}

/// Types the script; keeps all that was shown, secrets included if they were echoed.
pub struct Script {
    steps: VecDeque<Do>,
    pub screen: String,
    pub discarded: usize,
}

impl Terminal for Script {
    fn show(&mut self, text: &str) -> Result<(), Ended> {
        self.screen.push_str(text);
        Ok(())
    }

    fn read(&mut self, prompt: &str, echo: Echo, wake: Option<Duration>) -> Result<Typed, Ended> {
        self.screen.push_str(prompt);
        match self.steps.pop_front() {
            Some(Do::Type(line)) => {
                if echo == Echo::Shown {
                    self.screen.push_str(&line);
                }
                self.screen.push('\n');
                Ok(Typed::Line(Zeroizing::new(line)))
            }
            Some(Do::Wait) if wake.is_some() => Ok(Typed::Nothing),
            Some(Do::Wait) => Err(Ended::Idle),
            Some(Do::Garbage) => Ok(Typed::Unusable("That line had control characters in it.")),
            Some(Do::End(how)) => Err(how),
            None => panic!("the script has ended at «{prompt}»:\n{}", self.screen),
        }
    }

    fn pause(&mut self, _: Duration) -> Result<(), Ended> {
        Ok(())
    }

    fn discard(&mut self) {
        self.discarded += 1;
    }
}

type Replies = Rc<RefCell<Vec<(String, VecDeque<Reply>)>>>;

/// Answers each path with the replies that it was given for it, in their order; the last one again and
/// again. A path without any gets no reply.
#[derive(Clone, Default)]
pub struct Table {
    replies: Replies,
    /// Path and body of what was asked.
    pub asked: Rc<RefCell<Vec<(String, Value)>>>,
}

impl Table {
    /// A service that takes everyone in.
    pub fn open() -> Self {
        let table = Self::default();
        table.on("auth/register/form", 200, form(&[]));
        table.on("auth/register", 201, taken());
        for name in ["ada", "grace"] {
            let free = json!({"available": true, "message": format!("{name} is available.")});
            let path = format!("auth/status/check-username/{name}");
            table.on(&path, 200, free);
        }
        table
    }

    pub fn on(&self, path: &str, status: u16, body: Value) -> &Self {
        let mut all = self.replies.borrow_mut();
        let reply = Reply { status, body };
        match all.iter_mut().find(|(p, _)| p == path) {
            Some((_, replies)) => replies.push_back(reply),
            None => all.push((path.to_owned(), [reply].into())),
        }
        self
    }

    /// Forgets what that path is answered with.
    pub fn instead(&self, path: &str) -> &Self {
        self.replies.borrow_mut().retain(|(p, _)| p != path);
        self
    }

    /// The bodies that were sent there.
    pub fn sent(&self, path: &str) -> Vec<Value> {
        let asked = self.asked.borrow();
        let there = asked.iter().filter(|(p, _)| p == path);
        there.map(|(_, body)| body.clone()).collect()
    }
}

impl Transport for Table {
    fn ask(&mut self, question: &Question) -> Result<Reply, NoReply> {
        let body = question.body.as_ref();
        let body = body.map_or(Value::Null, |b| serde_json::from_str(b).unwrap());
        self.asked.borrow_mut().push((question.path.clone(), body));
        let mut all = self.replies.borrow_mut();
        let found = all.iter_mut().find(|(p, _)| *p == question.path);
        let (_, replies) = found.ok_or(NoReply)?;
        let reply = if replies.len() > 1 {
            replies.pop_front()
        } else {
            replies.front().cloned()
        };
        reply.ok_or(NoReply)
    }
}

pub fn field(name: &str, label: &str, kind: &str, required: bool) -> Value {
    json!({"name": name, "label": label, "hint": format!("The rule of {name}."), "kind": kind,
           "required": required, "longest": 64, "isMain": true})
}

/// As the service tells it, with more fields.
pub fn form(more: &[Value]) -> Value {
    let mut fields = vec![
        field("username", "Username", "line", true),
        field("displayName", "Name to show", "line", false),
        field("personalEmail", "Your e-mail address", "email", true),
        field("password", "Password", "secret", true),
        field("sshKeys", "SSH public keys", "keys", false),
    ];
    fields.extend_from_slice(more);
    json!({
        "community": {"name": "Tilde Town", "domain": "tilde.example", "welcome": "A host for all.",
                      "url": "https://tilde.example"},
        "mode": "open", "modeWords": "Registration is open to everyone.", "fields": fields,
    })
}

pub fn taken() -> Value {
    json!({"id": "x", "username": "ada", "status": "INITIATED", "progress": 0,
           "statusUrl": "https://tilde.example/signup/status/ada"})
}

pub fn problem(code: &str, detail: &str, errors: &[(&str, &str)]) -> Value {
    let errors: Vec<Value> = errors
        .iter()
        .map(|(field, message)| json!({"field": field, "code": "x", "message": message}))
        .collect();
    json!({"type": format!("/problems/{code}"), "title": "x", "detail": detail, "errors": errors})
}

pub fn status(word: &str, progress: u8, message: &str, details: Value) -> Value {
    json!({"status": word, "progress": progress, "message": message, "details": details})
}

pub fn working() -> Value {
    status("USER_CREATED", 33, "Your entry is made.", json!({}))
}

pub fn waiting() -> Value {
    let details = json!({"verifyUntil": "2026-03-02T00:00:00Z", "addressVerified": false});
    status("VERIFICATION_SENT", 83, "We have sent you a mail.", details)
}

pub fn done() -> Value {
    let details = json!({"addressVerified": true});
    status("VERIFIED", 100, "Your account is ready.", details)
}

/// What somebody types who makes no mistake, up to the confirmation.
pub const GOOD: [&str; 6] = [
    "ada",
    "Ada Lovelace",
    "ada@example.org",
    PASSWORD,
    PASSWORD,
    "",
];

pub fn lines(texts: &[&str]) -> Vec<Do> {
    texts.iter().map(|t| Do::Type((*t).to_owned())).collect()
}

pub fn visitor(methods: &str) -> Visitor {
    Visitor::of(Some("198.51.100.7 50594 192.0.2.1 22"), methods).unwrap()
}

/// What a walk left behind.
pub struct Walked {
    pub screen: String,
    pub ended_well: bool,
    pub discarded: usize,
}

pub fn walk_with(table: &Table, visitor: &Visitor, steps: Vec<Do>) -> Walked {
    let mut script = Script {
        steps: steps.into(),
        screen: String::new(),
        discarded: 0,
    };
    let code = walk(&mut script, &mut Registrar::new(table.clone()), visitor);
    assert!(
        script.steps.is_empty(),
        "not typed: {:?}\n{}",
        script.steps,
        script.screen
    );
    Walked {
        screen: script.screen,
        ended_well: format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS),
        discarded: script.discarded,
    }
}

pub fn walk_through(table: &Table, steps: Vec<Do>) -> Walked {
    walk_with(table, &visitor(""), steps)
}
