use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

use crate::config::IpNet;
use crate::registration::ClientKey;

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The client that limits count. Put into the request by the outermost layer.
#[derive(Clone, Debug)]
pub(super) struct Client(pub ClientKey);

/// The address of the client: the peer, unless the peer is a trusted proxy. Then the entries of all
/// `X-Forwarded-For` lines are walked from the right, past trusted proxies, to the first address
/// that a trusted one has vouched for. What stands left of it was written by the client itself.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |a: IpAddr| trusted.iter().any(|net| net.contains(a));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let lines: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|line| line.as_bytes())
        .collect();
    for entry in lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|b| *b == b','))
    {
        // Garbage was vouched for by nobody: stay with the proxy that passed it on.
        let Some(address) = std::str::from_utf8(entry).ok().and_then(parse_entry) else {
            return client;
        };
        client = address;
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

/// An address, perhaps with a port, as proxies write it.
fn parse_entry(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|s| s.ip()))
        .map(|a| a.to_canonical())
}

/// What limits count: an IPv4 address, or an IPv6 /64, which is the least that one household has.
#[must_use]
pub fn client_key(address: IpAddr) -> ClientKey {
    ClientKey(match address.to_canonical() {
        IpAddr::V4(a) => a.to_string(),
        IpAddr::V6(a) => {
            let prefix = u128::from(a) & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from(prefix))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|t| IpNet::parse(t).unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        assert_eq!(address("203.0.113.9", &["1.2.3.4"], &[]), "203.0.113.9");
        assert_eq!(
            address("203.0.113.9", &["1.2.3.4"], &["127.0.0.1"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn behind_a_trusted_proxy_the_rightmost_untrusted_address_counts() {
        let proxies = ["127.0.0.1", "10.0.0.0/8"];
        for (lines, want) in [
            (vec!["198.51.100.7"], "198.51.100.7"),
            // The client wrote the left ones itself.
            (vec!["1.1.1.1, 2.2.2.2 , 198.51.100.7"], "198.51.100.7"),
            (vec!["1.1.1.1", "198.51.100.7, 10.1.2.3"], "198.51.100.7"),
            (
                vec!["198.51.100.7", "10.0.0.1", " 10.9.9.9"],
                "198.51.100.7",
            ),
            (vec!["198.51.100.7:4711"], "198.51.100.7"),
            (vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            (vec!["::ffff:198.51.100.7"], "198.51.100.7"),
            // Garbage: the proxy that passed it on.
            (vec!["198.51.100.7, unknown"], "127.0.0.1"),
            (vec!["198.51.100.7, , 10.0.0.1"], "10.0.0.1"),
            (vec![], "127.0.0.1"),
            (vec!["10.0.0.9, 10.0.0.1"], "10.0.0.9"),
        ] {
            assert_eq!(address("127.0.0.1", &lines, &proxies), want, "{lines:?}");
        }
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_client() {
        let key = |t: &str| client_key(t.parse().unwrap()).0;
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::9"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::9"), key("2001:db8:1:3::9"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
