use super::Config;

/// Declares which keys count at the start alone.
macro_rules! fixed {
    ($($section:ident.$key:ident,)*) => {
        impl Config {
            /// Takes from `started` what can't change while the process runs: what it listens on,
            /// where its records are, the pool of hashing threads. The keys that differ are
            /// returned; they wait for a restart.
            pub fn keep_fixed(&mut self, started: &Self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(if self.$section.$key != started.$section.$key {
                    self.$section.$key = started.$section.$key.clone();
                    keys.push(concat!(stringify!($section), ".", stringify!($key)));
                })*
                keys
            }
        }
    };
}

fixed! {
    server.listen, server.state_directory,
    server.metrics_listen, server.admin_socket, server.admin_group,
    server.internal_socket, server.internal_group, server.internal_token_file,
    server.join_socket, server.join_user,
    accounts.bcrypt_cost, accounts.hash_threads, accounts.hash_queue,
    breaches.check, breaches.url, breaches.timeout,
    auth.algorithm,
    store.kind, store.directory, store.uri_file, store.uri, store.database,
    provision.socket, provision.timeout,
    log.format,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_takes_new_texts_and_keeps_what_the_process_holds_on_to() {
        let started = Config::default();
        let mut new = Config::default();
        new.community.name = "Tilde".into();
        new.server.listen = "127.0.0.1:1".parse().unwrap();
        new.store.database = "other".into();
        let waiting = new.keep_fixed(&started);
        assert_eq!(waiting, ["server.listen", "store.database"]);
        assert_eq!(new.server.listen, started.server.listen);
        assert_eq!(new.community.name, "Tilde");
    }
}
