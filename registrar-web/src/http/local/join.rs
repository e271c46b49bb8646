use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, Method};

use super::LocalPeer;
use super::sight::Sight;

/// The address that someone connected from to sshd, which `registrar-join` has of sshd.
const ADDRESS_HEADER: &str = "x-registrar-client";

/// What can be asked for by this socket: signing up, and nothing else.
const ROUTES: [(&str, &str); 7] = [
    ("GET", "/api/auth/register/form"),
    ("GET", "/api/auth/status/check-username/{username}"),
    ("GET", "/api/invites/details/{token}"),
    ("POST", "/api/auth/register"),
    ("GET", "/api/auth/status/registration/{username}"),
    ("POST", "/api/auth/verify-email"),
    ("POST", "/api/auth/resend-verification"),
];

/// Who may come in by the socket for `ssh join@host`.
#[derive(Clone, Debug)]
pub struct JoinDoor {
    user: Arc<str>,
    sight: Sight,
}

impl JoinDoor {
    /// For that user alone. `guarded` is as for [`super::AdminDoor::new`].
    #[must_use]
    pub fn new(user: &str, guarded: Option<PathBuf>) -> Self {
        Self {
            user: user.into(),
            sight: Sight::of(guarded),
        }
    }

    /// Who that uid is. Asks the host's users, so it may block.
    pub(super) fn judge(&self, uid: u32) -> LocalPeer {
        let comes_in = if self.sight.is_blind_to(uid) {
            self.sight.is_guarded()
        } else {
            users::get_user_by_name(&*self.user).is_some_and(|user| user.uid() == uid)
        };
        if comes_in {
            LocalPeer::ApplicantFromNowhere
        } else {
            LocalPeer::Intruder
        }
    }

    /// From where the person of a request connected.
    pub(super) fn judge_request(peer: &LocalPeer, headers: &HeaderMap) -> LocalPeer {
        let said = headers.get(ADDRESS_HEADER).and_then(|v| v.to_str().ok());
        match (peer, said.and_then(|text| text.parse::<IpAddr>().ok())) {
            (LocalPeer::ApplicantFromNowhere, Some(address)) => LocalPeer::Applicant(address),
            _ => peer.clone(),
        }
    }
}

/// Whether an applicant may ask for that route, named as the router names it.
pub(in crate::http) fn is_open(method: &Method, route: Option<&str>) -> bool {
    route.is_some_and(|route| ROUTES.contains(&(method.as_str(), route)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(user: &str, sees_users: bool) -> JoinDoor {
        JoinDoor {
            user: user.into(),
            sight: Sight {
                guarded: None,
                sees_users,
            },
        }
    }

    #[test]
    fn that_user_is_let_in_and_nobody_else_not_even_root() {
        let door = door("daemon", true);
        assert_eq!(door.judge(1), LocalPeer::ApplicantFromNowhere);
        for uid in [0, 2, 65_534, 4_000_000_000] {
            assert_eq!(door.judge(uid), LocalPeer::Intruder);
        }
    }

    #[test]
    fn a_user_that_is_not_there_is_nobody() {
        assert_eq!(door("no-such-user", true).judge(1), LocalPeer::Intruder);
    }

    #[test]
    fn who_can_not_be_seen_is_not_let_in_by_a_socket_that_is_open_to_all() {
        assert_eq!(door("daemon", false).judge(65_534), LocalPeer::Intruder);
    }

    #[test]
    fn an_address_makes_nobody_an_applicant_who_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert(ADDRESS_HEADER, "192.0.2.7".parse().unwrap());
        let of = |peer, headers: &HeaderMap| JoinDoor::judge_request(&peer, headers);
        let address = "192.0.2.7".parse().unwrap();
        assert_eq!(
            of(LocalPeer::ApplicantFromNowhere, &headers),
            LocalPeer::Applicant(address)
        );
        assert_eq!(of(LocalPeer::Intruder, &headers), LocalPeer::Intruder);
        headers.insert(ADDRESS_HEADER, "here".parse().unwrap());
        assert_eq!(
            of(LocalPeer::ApplicantFromNowhere, &headers),
            LocalPeer::ApplicantFromNowhere
        );
    }

    #[test]
    fn what_is_open_is_known_to_the_router() {
        for (method, path) in ROUTES {
            let known = crate::http::PERMISSIONS.iter();
            let line = known.clone().find(|p| (p.method, p.path) == (method, path));
            assert_eq!(
                line.map(|l| l.who),
                Some(crate::http::Who::Everyone),
                "{path}"
            );
        }
        assert!(!is_open(&Method::POST, Some("/api/auth/login")));
        assert!(!is_open(&Method::GET, None));
    }
}
