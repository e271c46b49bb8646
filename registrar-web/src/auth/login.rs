use super::error::LoginError;
use super::gate::{Entry, Inside, seconds_until};
use super::opened::Opened;
use super::two_factor::Entered;
use super::world::{Auth, Client, Typed};
use crate::domain::{
    BcryptHash, Email, MailDomain, Registration, RegistrationId, Stage, Timestamp, TokenDigest,
    User, UserState, Username,
};
use crate::ports::{HashError, StoreError};
use crate::registration::RegistrationView;
use crate::tally::{Tallied, tally};

/// How often a write is tried again when others write the same record.
pub(super) const TRIES: usize = 16;

/// Whom someone says to be.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Named {
    Username(Username),
    Email(Email),
    /// A text that is neither: nobody's.
    Neither,
}

impl Named {
    /// Reads what was typed: a name, the host's own address of it, or the address that was proven.
    pub(super) fn read(text: &str, own: &MailDomain) -> Self {
        let name = |text: &str| Username::parse(&text.to_lowercase()).map(Self::Username);
        let read = match Email::parse(text) {
            Ok(email) if email.domain() == own => name(text.split('@').next().unwrap_or_default()),
            Ok(email) => Ok(Self::Email(email)),
            Err(_) => name(text),
        };
        read.unwrap_or(Self::Neither)
    }
}

/// Who that is, as far as the store knows.
#[derive(Default)]
pub(super) struct Found {
    pub(super) user: Option<User>,
    registration: Option<Registration>,
}

impl Found {
    /// What the password is compared with.
    fn hash(&self) -> Option<&BcryptHash> {
        match &self.user {
            Some(user) => user.password_hash.as_ref(),
            None => self.registration.as_ref()?.password_hash.as_ref(),
        }
    }

    pub(super) fn id(&self) -> Option<RegistrationId> {
        let registration = self.registration.as_ref().map(|r| r.id);
        self.user.as_ref().map(|u| u.id).or(registration)
    }
}

/// The counters of one try.
struct Counters {
    address: String,
    named: String,
}

impl Auth {
    /// Lets someone in by name or address, and password; or says what more it takes.
    ///
    /// The limiter comes first. Then there is exactly one bcrypt, whoever was named, and one answer
    /// for all that is wrong; what is the matter with an account is told to who has its password.
    /// A caller that goes away meanwhile changes nothing: the try counts. What the session is opened
    /// by, the caller says by the type that it asks for: [`super::Tokens`] or [`super::PageLogin`].
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn login<T: Opened>(
        &self,
        who: &str,
        password: Typed,
        client: &Client,
    ) -> Result<Entered<T>, LoginError> {
        let (this, client) = (self.clone(), client.clone());
        let named = who.trim().to_owned();
        let span = tracing::Span::current();
        let work = async move { this.try_login(&named, password, &client).await };
        tokio::spawn(tracing::Instrument::instrument(work, span))
            .await
            .unwrap_or_else(|e| Err(LoginError::Internal(e.to_string())))
    }

    async fn try_login<T: Opened>(
        &self,
        who: &str,
        password: Typed,
        client: &Client,
    ) -> Result<Entered<T>, LoginError> {
        let named = Named::read(who, &self.policy.domain);
        let counters = Counters {
            address: format!("login-address:{}", client.address.0),
            named: format!("login-name:{}", self.digest(who, &named)),
        };
        let _inside = (
            self.enter(&counters.address).await?,
            self.enter(&counters.named).await?,
        );

        let found = self.find(&named).await?;
        // One account can be named in two ways. Who has used up its tries under one name is not
        // told so under the other, as that would tell whose address it is.
        let account = format!(
            "login-account:{}",
            found
                .id()
                .map_or(counters.named.clone(), |id| id.to_string())
        );
        let window = self.world.store.window(&account, self.world.now()).await?;
        let is_locked = window.is_some_and(|w| w.count >= self.policy.failed_logins.0);

        let hash = found.hash().unwrap_or(&self.nobodys_hash).clone();
        let is_cheap = hash.cost() < self.policy.bcrypt_cost;
        let again = is_cheap.then(|| (hash.clone(), password.clone()));
        let matches = self.hashes.verify(password, hash).await.map_err(busy)?;
        let is_right = matches && found.hash().is_some() && !is_locked;
        let now = self.world.now();
        if !is_right {
            for key in [&counters.address, &counters.named, &account] {
                let (_, window) = self.policy.failed_logins;
                self.world.store.count(key, window, now).await?;
            }
            tally(self.world.store.as_ref(), Tallied::FailedLogin, now).await;
            tracing::info!(
                USER_ID = found.id().map(|id| id.to_string()),
                "login failed"
            );
            return Err(LoginError::WrongCredentials);
        }
        if let (Some((hash, typed)), Some(user)) = (again, &found.user) {
            self.upgrade_cost(user.id, hash, typed);
        }
        self.let_in(found, client, now).await
    }

    /// The password is right.
    async fn let_in<T: Opened>(
        &self,
        found: Found,
        client: &Client,
        now: Timestamp,
    ) -> Result<Entered<T>, LoginError> {
        let Found { user, registration } = found;
        match (user, registration) {
            (Some(user), _) if user.state == UserState::Active => {
                self.admit(user, client, now).await
            }
            (Some(user), Some(registration)) if user.state == UserState::Pending => {
                Err(unfinished(&registration, now))
            }
            (None, Some(registration)) => Err(unfinished(&registration, now)),
            (Some(user), _) => Err(refusal(&user)),
            (None, None) => Err(LoginError::WrongCredentials),
        }
    }

    /// Writes what follows from the right password; the member is judged again, and the change made
    /// anew, if someone else wrote meanwhile.
    pub(super) async fn record_login<T: Send>(
        &self,
        mut user: User,
        change: impl Fn(&mut User) -> T + Send + Sync,
    ) -> Result<(User, T), LoginError> {
        // Not the hash, which is made anew when its cost is raised.
        let judged = user.credentials.password.change;
        for _ in 0..TRIES {
            let id = user.id;
            let changed = change(&mut user);
            match self.world.store.update_user(user).await {
                Ok(user) => return Ok((user, changed)),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
            let again = self.world.store.user(id).await?;
            user = again.ok_or(LoginError::WrongCredentials)?;
            if user.credentials.password.change != judged {
                return Err(LoginError::WrongCredentials);
            }
            if user.state != UserState::Active {
                return Err(refusal(&user));
            }
        }
        Err(StoreError::Conflict.into())
    }

    pub(super) async fn enter(&self, key: &str) -> Result<Inside, LoginError> {
        let world = &self.world;
        let (most, _) = self.policy.failed_logins;
        let entry = self
            .gate
            .enter(world.store.as_ref(), world.clock.as_ref(), key, most);
        match entry.await? {
            Entry::Let(inside) => Ok(inside),
            Entry::Refused(window) => Err(LoginError::Limited {
                retry_after_seconds: seconds_until(window.resets_at, world.now()),
            }),
        }
    }

    /// Looks both up whoever is named, so that the store tells nothing by its time either.
    pub(super) async fn find(&self, named: &Named) -> Result<Found, StoreError> {
        let store = &self.world.store;
        let (user, registration) = match named {
            Named::Username(name) => (
                store.user_by_username(name).await?,
                store.registration_by_username(name).await?,
            ),
            Named::Email(email) => {
                let user = store.user_by_email(email).await?;
                let none = RegistrationId::new(uuid::Uuid::nil());
                let id = user.as_ref().map_or(none, |u| u.id);
                (user, store.registration(id).await?)
            }
            Named::Neither => return Ok(Found::default()),
        };
        // What has failed or was not told to anyone is no account.
        let registration = registration.filter(|r| match &user {
            Some(user) => r.id == user.id,
            None => r.stage == Stage::Running,
        });
        Ok(Found { user, registration })
    }

    /// Names a counter. People type passwords where a name belongs, so the text itself is not kept.
    pub(super) fn digest(&self, who: &str, named: &Named) -> String {
        let text = match named {
            Named::Username(name) => name.to_string(),
            Named::Email(email) => email.unique_key(),
            Named::Neither => who.to_lowercase(),
        };
        TokenDigest::of(&text).as_str().to_owned()
    }
}

fn unfinished(registration: &Registration, now: Timestamp) -> LoginError {
    LoginError::Unfinished(Box::new(RegistrationView::of(registration, now)))
}

fn refusal(user: &User) -> LoginError {
    match user.state {
        UserState::Suspended => LoginError::Suspended,
        UserState::Deleted => LoginError::Deleted,
        UserState::Pending | UserState::Active => LoginError::WrongCredentials,
    }
}

pub(super) fn busy(error: HashError) -> LoginError {
    match error {
        HashError::Busy {
            retry_after_seconds,
        } => LoginError::Busy {
            retry_after_seconds,
        },
        HashError::Failed(text) => LoginError::Internal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_its_own_address_and_a_proven_address_are_told_apart() {
        let own = MailDomain::parse("tilde.example").unwrap();
        let name = Username::parse("ada").unwrap();
        for text in ["ada", "Ada", "ada@tilde.example", "ADA@Tilde.Example"] {
            assert!(
                Named::read(text, &own) == Named::Username(name.clone()),
                "{text}"
            );
        }
        let email = Email::parse("ada@example.org").unwrap();
        assert!(Named::read("ada@example.org", &own) == Named::Email(email));
        for text in [
            "",
            "a b",
            "plum gravel sunday kite",
            "@",
            "ada@",
            "-@tilde.example",
        ] {
            assert!(Named::read(text, &own) == Named::Neither, "{text}");
        }
    }
}
