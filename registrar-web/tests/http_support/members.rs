//! Members, and how they log in.

use super::*;

impl App {
    pub async fn user(&self, name: &str) -> User {
        let name = Username::parse(name).unwrap();
        let found = self.world.store.user_by_username(&name).await;
        found.unwrap().unwrap()
    }

    /// Token and code of the latest mail with which a new password can be chosen.
    pub async fn recovery_of(&self, name: &str) -> (String, String) {
        self.auth.finish_background().await;
        let user = self.user(name).await;
        let proof = user.credentials.recovery.expect("no mail was asked for");
        (
            proof.token(&self.world.key, user.id).expose().to_owned(),
            proof.code(&self.world.key, user.id).expose().to_owned(),
        )
    }

    /// A call with a body, as a member.
    pub async fn send_as(&self, method: Method, path: &str, access: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {access}"));
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Registers a name and goes all the way; its account is active then.
    pub async fn member(&self, name: &str) -> UserId {
        self.register(name).await;
        self.run().await;
        let (token, _) = self.mail_of(name).await;
        let proof = json!({ "token": token });
        let answer = self.post("/api/auth/verify-email", proof).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.run().await;
        let name = Username::parse(name).unwrap();
        let user = self.world.store.user_by_username(&name).await.unwrap();
        let user = user.unwrap();
        assert_eq!(user.state, UserState::Active);
        user.id
    }

    pub async fn try_login(&self, who: &str, password: &str) -> Answer {
        let body = json!({"emailOrUsername": who, "password": password});
        self.post("/api/auth/login", body).await
    }

    /// Logs in with the password that all have.
    pub async fn login(&self, who: &str) -> Held {
        let answer = self.try_login(who, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Held::of(&answer)
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refreshToken": token });
        self.post("/api/auth/refresh", body).await
    }

    /// Asks as a member, with a body.
    pub async fn as_member_with(
        &self,
        method: Method,
        path: &str,
        access: &str,
        body: Value,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {access}"))
            .header("content-type", "application/json");
        let body = Body::from(body.to_string());
        self.send(request.body(body).unwrap()).await
    }

    pub async fn as_member(&self, method: Method, path: &str, access: &str) -> Answer {
        let value = format!("Bearer {access}");
        self.request(method, path, &[("authorization", &value)])
            .await
    }

    /// Whether an access token still opens something: `ok`, or the code of the problem.
    pub async fn opens(&self, access: &str) -> String {
        let path = "/api/auth/sessions";
        let answer = self.as_member(Method::GET, path, access).await;
        if answer.status == 200 {
            "ok".into()
        } else {
            answer.code()
        }
    }

    /// From another client address.
    pub async fn post_from(&self, address: &str, path: &str, body: Value) -> Answer {
        let mut request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let peer: IpAddr = address.parse().unwrap();
        request.extensions_mut().insert(Peer(peer));
        self.send(request).await
    }
}

/// What a client holds after a login.
#[derive(Clone, Debug)]
pub struct Held {
    pub access: String,
    pub refresh: String,
}

impl Held {
    pub fn of(answer: &Answer) -> Self {
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            access: text("accessToken"),
            refresh: text("refreshToken"),
        }
    }

    /// The claims of the access token, unchecked.
    pub fn claims(&self) -> Value {
        part(&self.access, 1)
    }
}

/// A part of a JWT: 0 is the head, 1 the claims.
pub fn part(token: &str, n: usize) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(n).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}
