//! registrar-web
