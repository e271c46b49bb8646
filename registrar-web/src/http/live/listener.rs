use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::limits::OpenOne;
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use crate::auth::{Caller, TokenError};
use crate::domain::{EventId, LiveEvent, PageToken, Timestamp, UserId};
use crate::events::{Backlog, Subscription};
use crate::metrics::LiveClient;

/// How often it is asked whether who listens still may, where nothing else asks. Each end of a
/// session is an event itself, so this is for what was not told.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// A change of the password ends all sessions and takes the one that asked for it over a moment
/// later; so long is waited before an end is believed.
const TAKEN_OVER_WITHIN: Duration = Duration::from_millis(500);

/// What lets someone listen.
pub(in crate::http) enum Pass {
    /// An access token.
    Token(Zeroizing<String>),
    /// The session of a page.
    Page(PageToken),
}

impl Pass {
    /// Whose it is, and until when it is good.
    async fn check(&self, state: &AppState) -> Result<(Caller, Timestamp), TokenError> {
        match self {
            Self::Token(token) => state.auth.authenticate_until(token).await,
            Self::Page(token) => {
                let caller = state.auth.page_session(token).await?;
                let until = caller.session.expires_at;
                Ok((caller, until))
            }
        }
    }
}

/// Why nothing more is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct End {
    /// A stable word: the code of a problem, or `token-expired`, `too-slow`, `restarting`.
    pub code: &'static str,
    /// For the person.
    pub message: String,
}

/// What someone who listens is told next.
pub(in crate::http) enum Heard {
    /// An event.
    Event(Arc<LiveEvent>),
    /// Nothing more.
    End(End),
}

/// Someone who listens, and still may.
pub(in crate::http) struct Listener {
    state: AppState,
    pass: Pass,
    user: UserId,
    until: Timestamp,
    subscription: Subscription,
    backlog: Option<Backlog>,
    /// What was read up, so that it is not told twice.
    told: HashSet<EventId>,
    _share: OpenOne,
    _counted: LiveClient,
}

impl Listener {
    /// Lets someone listen who has a good pass: to what comes, and first to what came after the
    /// event of the id `last`, where one is given.
    pub(in crate::http) async fn open(
        state: &AppState,
        pass: Pass,
        last: Option<EventId>,
        transport: &'static str,
    ) -> Result<Self, Problem> {
        let (Caller { user, .. }, until) = pass.check(state).await?;
        let room = state.listening.share(&user.id.to_string());
        let share = room.ok_or_else(|| Problem::new(Kind::Busy).retry_after(30))?;
        let world = state.registrar.world();
        // In this order: what is written meanwhile is found twice rather than not at all.
        let subscription = world.events.subscribe(user.id).await?;
        Ok(Self {
            pass,
            user: user.id,
            until,
            subscription,
            backlog: last.map(|last| Backlog::after(&world.events, user.id, last)),
            told: HashSet::new(),
            _share: share,
            _counted: world.metrics.live_client(transport),
            state: state.clone(),
        })
    }

    /// How many notifications wait to be read.
    pub(in crate::http) async fn unread(&self) -> Result<u64, Problem> {
        let events = &self.state.registrar.world().events;
        Ok(events.unread(self.user).await?)
    }

    /// Takes note that an event of that name was sent.
    pub(in crate::http) fn sent(&self, name: &'static str) {
        self.state.registrar.world().metrics.live_event_sent(name);
    }

    /// What is told next. After an end there is nothing.
    pub(in crate::http) async fn next(&mut self) -> Heard {
        let world = self.state.registrar.world().clone();
        loop {
            if let Some(backlog) = &mut self.backlog {
                match backlog.next(&world.events).await {
                    Ok(Some(event)) => {
                        self.told.insert(event.id);
                        if event.is_notice() {
                            return Heard::Event(Arc::new(event));
                        }
                    }
                    Ok(None) => self.backlog = None,
                    Err(error) => return Heard::End(Problem::from(error).into()),
                }
                continue;
            }
            let left = self.until.duration_since(world.now()).unsigned_abs();
            let heard = tokio::select! {
                heard = self.subscription.next() => Some(heard),
                () = tokio::time::sleep(left.min(LOOK_EVERY)) => None,
                () = self.state.stop.cancelled() => return Heard::End(restarting()),
            };
            if let Err(end) = self.may_listen().await {
                return Heard::End(end);
            }
            match heard {
                Some(Err(_)) => return Heard::End(too_slow()),
                Some(Ok(event)) if event.is_notice() && !self.told.contains(&event.id) => {
                    return Heard::Event(event);
                }
                None | Some(Ok(_)) => {}
            }
        }
    }

    /// Asked before each event, so that nobody hears what came after the end of the session.
    async fn may_listen(&self) -> Result<(), End> {
        if self.state.now() >= self.until {
            return Err(expired());
        }
        let mut found = self.pass.check(&self.state).await;
        if matches!(found, Err(TokenError::Ended(_))) {
            tokio::time::sleep(TAKEN_OVER_WITHIN).await;
            found = self.pass.check(&self.state).await;
        }
        match found {
            Ok(_) => Ok(()),
            Err(error) => Err(Problem::from(error).into()),
        }
    }
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.kind.code(),
            message: problem.detail,
        }
    }
}

fn expired() -> End {
    End {
        code: "token-expired",
        message: "The access token has run out. Refresh it and come again; what comes meanwhile is kept for you.".into(),
    }
}

fn too_slow() -> End {
    End {
        code: "too-slow",
        message:
            "More came than was taken. Come again with the id of the last event; nothing is lost."
                .into(),
    }
}

fn restarting() -> End {
    End {
        code: "restarting",
        message: "The service restarts or reads its configuration again. Come again in a moment."
            .into(),
    }
}
