//! Books for auditors: hledger, Ledger and CSV
