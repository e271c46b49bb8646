//! A real `registrar-web` on a real socket, and the command that asks it.
#![allow(dead_code, reason = "each test program uses its part")]

use std::path::PathBuf;

use clap::Parser;
use registrar_web::domain::Mode;
use registrar_web::http::{AdminDoor, Door, serve_local};
use registrarctl::{Arguments, Failure, Outcome, run};
use tokio::net::UnixListener;

use crate::http_support::{App, config};

pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) socket: PathBuf,
}

impl Site {
    pub(crate) async fn of(app: App) -> Self {
        let socket = app.directory.path().join("admin.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        // Whoever runs the tests is an admin: root, or by the own group.
        let group = users::get_current_groupname().unwrap();
        let door = Door::Admin(AdminDoor::new(group.to_str().unwrap(), None));
        let (router, stop) = (app.router.clone(), app.stop.clone());
        tokio::spawn(serve_local(listener, door, router, stop));
        Self { app, socket }
    }

    /// A site whose admins decide, where ada and grace have asked to join.
    pub(crate) async fn with_two_who_wait() -> Self {
        let mut config = config();
        config.registration.mode = Mode::Approval;
        let site = Self::of(App::with(config)).await;
        for name in ["ada", "grace"] {
            site.app.register(name).await;
        }
        site.app.run().await;
        site
    }

    pub(crate) async fn run(&self, line: &str) -> Result<Outcome, Failure> {
        let words = line.split(' ').map(|word| word.replace('_', " "));
        self.run_words(words.collect()).await
    }

    /// Runs a line whose words are apart by a blank; what stands in quotes is one word.
    pub(crate) async fn run_quoted(&self, line: &str) -> Result<Outcome, Failure> {
        let parts = line.split('\'').enumerate();
        let words = parts.flat_map(|(n, part)| match n % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        self.run_words(words.collect()).await
    }

    pub(crate) async fn shown_quoted(&self, line: &str) -> String {
        let outcome = self.run_quoted(line).await.unwrap();
        assert_eq!(outcome.code, 0, "{}", outcome.text);
        outcome.text
    }

    pub(crate) async fn run_words(&self, words: Vec<String>) -> Result<Outcome, Failure> {
        let host = self.socket.with_file_name("host.sock");
        let mut line = vec![
            "registrarctl".to_owned(),
            format!("--web-socket={}", self.socket.display()),
            format!("--host-socket={}", host.display()),
        ];
        line.extend(words);
        run(Arguments::parse_from(line), &mut |_| ()).await
    }

    pub(crate) async fn shown(&self, line: &str) -> String {
        let outcome = self.run(line).await.unwrap();
        assert_eq!(outcome.code, 0, "{}", outcome.text);
        outcome.text
    }
}

/// How a command ended.
pub(crate) fn code(failed: Result<Outcome, Failure>) -> u8 {
    failed.map_or_else(|f| f.exit_code(), |outcome| outcome.code)
}
