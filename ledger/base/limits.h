/*
 * Limits: every bound on input from outside, with its reason.
 *
 * A limit that is reached is an error (STATUS_LIMIT), never a truncation. Limits that belong to a
 * format are part of that format (docs/formats.md); the others may be raised.
 */
#pragma once

/* C2SP tlog-tiles: an entry in a bundle is prefixed by a uint16 length. */
#define ENTRY_SIZE_MAX 65535

/* A JSON text that people hand us (drafts, published results). A statement is an entry. */
#define JSON_SIZE_MAX 1048576

/* Design: deep nesting has no use here, and every level costs a stack frame inside cJSON. */
#define JSON_DEPTH_MAX 32

/* |n| of a JSON number: cJSON's valueint saturates beyond a C int, and a double prints wrongly. */
#define JSON_INTEGER_MAX 2147483647

/* C2SP signed-note asks for at least 16; Go's note package stops at 100. */
#define NOTE_SIGNATURES_MAX 64

/* Key and party names travel in notes, file names and one-byte length fields (ML-DSA). */
#define NAME_SIZE_MAX 255

/* Subjects are "party/<id>" or "contract/<name>". */
#define SUBJECT_SIZE_MAX 300

/* Height of a Merkle tree whose size fits in 63 bits; SQLite integers are signed. */
#define MERKLE_HEIGHT_MAX 63

/* Entries committed in one transaction: bounds memory and the time that readers wait. */
#define BATCH_ENTRIES_MAX 4096

/* A checkpoint with every signature that a note may hold. */
#define CHECKPOINT_SIZE_MAX 16384

/* The same with cosignatures: NOTE_SIGNATURES_MAX lines, each of at most an ML-DSA-44 one. */
#define COSIGNED_SIZE_MAX 262144

/* What is kept beside a checkpoint: a revocation list is the largest of it. */
#define ATTACHMENT_SIZE_MAX 524288

/* A PKCS#8 file with its vkey line; an Ed25519 one is under 1 KiB. */
#define KEYFILE_SIZE_MAX 16384

/* A passphrase, as read from a terminal or a file. */
#define PASSPHRASE_SIZE_MAX 1024
