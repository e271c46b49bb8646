//! strict-config
