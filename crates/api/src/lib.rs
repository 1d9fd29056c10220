//! Envelopes, problem codes and scenario files
