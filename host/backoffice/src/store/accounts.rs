//! Who may sign in, and who is signed in.

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, signed};
use crate::{clock, limits, secrets};

/// Which side an account is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Gives the work and reads the diary.
    Client,
    /// Does the work.
    Worker,
}

impl Role {
    /// The word for people and for the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Worker => "worker",
        }
    }
}

/// An account. Serialised it says nothing of the password.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// 32 hex digits.
    pub id: String,
    /// Which side.
    pub role: Role,
    /// The name that the other side reads.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The time zone in which this account reads times, such as `Europe/Helsinki`.
    pub zone: String,
    /// argon2id as a PHC string.
    #[serde(skip)]
    pub password: String,
}

/// What makes an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Which side.
    pub role: Role,
    /// The name that the other side reads.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The time zone in which this account reads times.
    pub zone: String,
    /// argon2id as a PHC string.
    pub password: String,
}

impl Store {
    /// Adds an account; `None` where the email is taken.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn add_account(&self, new: NewAccount) -> Result<Option<Account>, StoreError> {
        let id = secrets::id()?;
        let added = sqlx::query(
            "INSERT INTO accounts (id, role, name, email, zone, password, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (email) DO NOTHING",
        )
        .bind(&id)
        .bind(new.role.word())
        .bind(&new.name)
        .bind(&new.email)
        .bind(&new.zone)
        .bind(&new.password)
        .bind(signed(clock::now(), "the time")?)
        .execute(&self.pool)
        .await?;
        let NewAccount { role, name, email, zone, password } = new;
        Ok((added.rows_affected() == 1).then_some(Account { id, role, name, email, zone, password }))
    }

    /// The account with this email, in any case of letters.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query("SELECT id, role, name, email, zone, password FROM accounts WHERE email = ?")
            .bind(email)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// The account with this id.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query("SELECT id, role, name, email, zone, password FROM accounts WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// Starts a session and answers its token, which is kept only as a hash. Drops sessions that are over.
    ///
    /// # Errors
    /// [`StoreError`] of the database, or no randomness.
    pub async fn sign_in(&self, account: &str) -> Result<String, StoreError> {
        let token = secrets::token()?;
        let now = clock::now();
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(signed(now, "the time")?)
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO sessions (token_hash, account, expires_at) VALUES (?, ?, ?)")
            .bind(secrets::kept(&token))
            .bind(account)
            .bind(signed(now.saturating_add(limits::SESSION_MS), "the time")?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sign_out(&self, token: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?")
            .bind(secrets::kept(token))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Whose session this token is, if it is one and not over.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn signed_in(&self, token: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(
            "SELECT a.id, a.role, a.name, a.email, a.zone, a.password FROM sessions s
             JOIN accounts a ON a.id = s.account WHERE s.token_hash = ? AND s.expires_at > ?",
        )
        .bind(secrets::kept(token))
        .bind(signed(clock::now(), "the time")?)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(account).transpose()
    }
}

fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    let role = match row.try_get::<&str, _>("role")? {
        "client" => Role::Client,
        "worker" => Role::Worker,
        other => return Err(StoreError::Damaged { what: "a role", why: other.to_owned() }),
    };
    Ok(Account {
        id: row.try_get("id")?,
        role,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        zone: row.try_get("zone")?,
        password: row.try_get("password")?,
    })
}
