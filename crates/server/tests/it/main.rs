//! The service from outside: real sockets, real journals.

mod commands;
mod guards;
mod pages;
mod support;
