use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use super::Seconds;

/// Where the service listens and how it is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// How people reach it, without a slash at the end; links in mails begin with it.
    pub public_url: String,
    /// Proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that scripts may call the API from.
    pub cors_origins: Vec<String>,
    /// A file with the bearer token of the admin routes; without it they answer 401.
    pub admin_token_file: Option<PathBuf>,
    /// An address that `/metrics` alone is served on, without asking who asks.
    pub metrics_listen: Option<SocketAddr>,
    /// The Unix socket that admins come in by without a token, where systemd does not pass one.
    pub admin_socket: Option<PathBuf>,
    /// Whose members may come in by it, besides root.
    pub admin_group: String,
    /// The Unix socket of the internal API, where systemd does not pass one.
    pub internal_socket: Option<PathBuf>,
    /// Whose members may come in by it, besides this service's own user.
    pub internal_group: Option<String>,
    /// A file with the bearer token that the internal API asks for besides.
    pub internal_token_file: Option<PathBuf>,
    /// The Unix socket of `registrar-join`, where systemd does not pass one.
    pub join_socket: Option<PathBuf>,
    /// Who may come in by it: the user that people log in as who want to join.
    pub join_user: String,
    /// Where the service keeps its own keys.
    pub state_directory: PathBuf,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            public_url: "http://127.0.0.1:3000".into(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            admin_token_file: None,
            metrics_listen: None,
            admin_socket: None,
            admin_group: "registrar-admin".into(),
            internal_socket: None,
            internal_group: None,
            internal_token_file: None,
            join_socket: None,
            join_user: "join".into(),
            state_directory: "/var/lib/registrar-web".into(),
        }
    }
}

/// How much one client may ask; each over the time of its window.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Requests of any kind, static files and health aside, for each client address.
    pub requests: u32,
    /// Requests of each member beyond `requests` of their client address, in the same window.
    pub member_requests: u32,
    /// The window of `requests`.
    pub requests_window: Seconds,
    /// Registrations for each client address.
    pub registrations: u32,
    /// The window of `registrations`.
    pub registrations_window: Seconds,
    /// Verification mails to one mailbox in 24 hours, whoever asks for them.
    pub verification_mails: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests: 100,
            member_requests: 1000,
            requests_window: Seconds::of(15 * 60),
            registrations: 5,
            registrations_window: Seconds::hours(1),
            verification_mails: 5,
        }
    }
}

/// A network: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNet {
    base: IpAddr,
    prefix: u8,
}

impl IpNet {
    /// Parses a network; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base.parse().ok()?, prefix.parse().ok()?),
            None => {
                let base: IpAddr = text.parse().ok()?;
                (base, if base.is_ipv4() { 32 } else { 128 })
            }
        };
        let most = if base.is_ipv4() { 32 } else { 128 };
        (prefix <= most).then_some(Self { base, prefix })
    }

    /// Whether the address is in the network. An IPv4-mapped address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(a)) => {
                let shift = 32 - u32::from(self.prefix);
                u32::from(base).checked_shr(shift).unwrap_or(0)
                    == u32::from(a).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(base), IpAddr::V6(a)) => {
                let shift = 128 - u32::from(self.prefix);
                u128::from(base).checked_shr(shift).unwrap_or(0)
                    == u128::from(a).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for IpNet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("write a network as 10.0.0.0/8 or fd00::/8, or one address")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let net = IpNet::parse("10.1.0.0/16").unwrap();
        assert!(net.contains("10.1.2.3".parse().unwrap()));
        assert!(net.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!net.contains("10.2.0.1".parse().unwrap()));
        assert!(
            IpNet::parse("0.0.0.0/0")
                .unwrap()
                .contains("9.9.9.9".parse().unwrap())
        );
        assert!(
            IpNet::parse("fd00::/8")
                .unwrap()
                .contains("fd12::1".parse().unwrap())
        );
        assert!(IpNet::parse("10.0.0.0/33").is_none());
    }
}
