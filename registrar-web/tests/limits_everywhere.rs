//! The limits of the HTTP contract are counted in the store: what one instance has seen counts on
//! every other one, and after a restart.

mod http_support;

use http::StatusCode;
use http_support::{Answer, App, PASSWORD, config, sign_up};
use registrar_web::config::Config;
use serde_json::json;

const HERE: &str = "203.0.113.1";
const ELSEWHERE: &str = "203.0.113.2";

/// Something that a client does, and how it is answered while it may.
struct Limit {
    name: &'static str,
    most: usize,
    window_seconds: i64,
    allowed: StatusCode,
}

impl Limit {
    async fn ask(&self, app: &App, address: &str, n: usize) -> Answer {
        match self.name {
            "requests" => {
                let body = json!({"username": "nobody", "code": "000000"});
                app.post_from(address, "/api/auth/verify-email", body).await
            }
            "registrations" => {
                let body = sign_up(&format!("person{n}"));
                app.post_from(address, "/api/auth/register", body).await
            }
            "failed logins of an address" => log_in(app, address, &format!("nobody{n}")).await,
            "failed logins of an account" => {
                // From an address of its own each time.
                let address = format!("198.51.100.{n}");
                log_in(app, &address, "ada").await
            }
            other => panic!("{other}"),
        }
    }

    async fn is_used_up(&self, app: &App) {
        let refused = self.ask(app, HERE, 100).await;
        let status = StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(refused.status, status, "{}: {}", self.name, refused.text);
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!(
            (1..=self.window_seconds).contains(&wait),
            "{}: {wait}",
            self.name
        );
    }

    /// Uses the limit up by turns on two instances, and must find it used up on both, after a restart
    /// too; then waits until the window has passed.
    async fn holds_everywhere(&self, config: Config) {
        let one = App::with(config);
        one.member("ada").await;
        one.wait(3600);
        let two = one.beside();
        for n in 0..self.most {
            let app = if n % 2 == 0 { &one } else { &two };
            let answer = self.ask(app, HERE, n).await;
            assert_eq!(
                answer.status, self.allowed,
                "{} {n}: {}",
                self.name, answer.text
            );
        }
        self.is_used_up(&one).await;
        self.is_used_up(&two).await;
        let restarted = one.restart().await;
        self.is_used_up(&restarted).await;
        if self.name != "failed logins of an account" {
            let other = self.ask(&two, ELSEWHERE, 200).await;
            assert_eq!(other.status, self.allowed, "{}: {}", self.name, other.text);
        }
        restarted.wait(self.window_seconds + 1);
        let again = self.ask(&restarted, HERE, 201).await;
        assert_eq!(again.status, self.allowed, "{}: {}", self.name, again.text);
    }
}

async fn log_in(app: &App, address: &str, who: &str) -> Answer {
    let body = json!({"emailOrUsername": who, "password": "wrong"});
    app.post_from(address, "/api/auth/login", body).await
}

#[tokio::test]
async fn a_hundred_requests_of_an_address_in_a_quarter_of_an_hour() {
    let limits = Config::default().limits;
    let limit = Limit {
        name: "requests",
        most: 100,
        window_seconds: 900,
        allowed: StatusCode::NOT_FOUND,
    };
    let mut config = config();
    config.limits.requests = limits.requests;
    config.limits.requests_window = limits.requests_window;
    limit.holds_everywhere(config).await;
}

#[tokio::test]
async fn five_registrations_of_an_address_in_an_hour() {
    let limits = Config::default().limits;
    let limit = Limit {
        name: "registrations",
        most: 5,
        window_seconds: 3600,
        allowed: StatusCode::CREATED,
    };
    let mut config = config();
    config.limits.registrations = limits.registrations;
    config.limits.registrations_window = limits.registrations_window;
    limit.holds_everywhere(config).await;
}

#[tokio::test]
async fn five_failed_logins_of_an_address_in_a_quarter_of_an_hour() {
    let limit = Limit {
        name: "failed logins of an address",
        most: 5,
        window_seconds: 900,
        allowed: StatusCode::UNAUTHORIZED,
    };
    limit.holds_everywhere(config()).await;
}

#[tokio::test]
async fn five_failed_logins_for_an_account_in_a_quarter_of_an_hour_from_wherever() {
    let limit = Limit {
        name: "failed logins of an account",
        most: 5,
        window_seconds: 900,
        allowed: StatusCode::UNAUTHORIZED,
    };
    limit.holds_everywhere(config()).await;
}

#[tokio::test]
async fn who_is_let_in_by_the_limits_of_others_logs_in_as_ever() {
    let one = App::with(config());
    one.member("ada").await;
    let two = one.beside();
    for n in 0..5 {
        log_in(&one, HERE, &format!("nobody{n}")).await;
    }
    let body = json!({"emailOrUsername": "ada", "password": PASSWORD});
    assert_eq!(
        two.post_from(ELSEWHERE, "/api/auth/login", body)
            .await
            .status,
        200
    );
}
