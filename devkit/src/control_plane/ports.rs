//! Free ports for servers that cannot be handed an open socket.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use rand::Rng;

use super::error::Error;

/// Below the range from which systems take the local ports of outgoing connections, so that a port stays
/// free while its server is restarted.
const RANGE: std::ops::Range<u16> = 18_000..30_000;

/// A loopback port that is free now. Two processes may be given the same one: who comes second must choose again.
pub(super) fn free_port() -> Result<u16, Error> {
    let mut last = io::Error::other("none tried");
    for _ in 0..100 {
        let port = rand::rng().random_range(RANGE);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(Error::NoPort(last))
}
