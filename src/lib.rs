//! What is NEXUS Console made of: the modules, in the direction their imports run.

pub mod app;
pub mod audit;
pub mod auth;
mod chain;
pub mod cli;
pub mod db;
pub mod demo;
pub mod error;
pub mod keys;
pub mod operations;
pub mod pages;
pub mod post;
#[cfg(test)]
mod properties;
pub mod resource;
pub mod routes;
pub mod server;
pub mod settings;
pub mod tables;
pub mod workflows;
