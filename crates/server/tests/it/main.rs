//! The service from outside: real sockets, real journals.

mod commands;
mod events;
mod guards;
mod identity;
mod live;
mod operations;
mod pages;
mod reads;
mod risk;
mod support;
mod tls;
mod webhooks;
