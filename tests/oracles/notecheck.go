// Notecheck judges notes and proofs of ours with Go's own sumdb packages.
//
//	notecheck open VKEY... <NOTE       every signature by one of the keys, and each key once
//	notecheck prove LOGVKEY ENTRY PROOF    the entry is in the tree that the checkpoint signs
//	notecheck cosigned LOGVKEY VKEY <NOTE  the log signed, and the witness cosigned
//	notecheck sign SKEY... <TEXT       a note, as these packages write it
//
// It ends with status 0 for yes, 1 for no.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func must(good bool, what string) {
	if !good {
		check(fmt.Errorf("%s", what))
	}
}

func open(text string, vkeys []string) *note.Note {
	var verifiers []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		check(err)
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	check(err)
	must(len(opened.UnverifiedSigs) == 0, "a signature by a key that was not given")
	must(len(opened.Sigs) == len(vkeys), "a key that has not signed")
	return opened
}

func readHash(text string) (hash tlog.Hash) {
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	check(err)
	must(len(decoded) == tlog.HashSize, "a hash of another size")
	copy(hash[:], decoded)
	return hash
}

// checkpoint returns size and root of a signed checkpoint of the log.
func checkpoint(text, vkey string) (int64, tlog.Hash) {
	lines := strings.Split(open(text, []string{vkey}).Text, "\n")
	must(len(lines) == 4 && lines[3] == "", "a checkpoint has three lines")
	must(lines[0] == vkey[:strings.Index(vkey, "+")], "a checkpoint of another log")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	return size, readHash(lines[2])
}

func prove(vkey string, entry []byte, text string) {
	head, signed, found := strings.Cut(text, "\n\n")
	must(found, "a proof has an empty line")
	lines := strings.Split(head, "\n")
	must(len(lines) >= 2 && lines[0] == "c2sp.org/tlog-proof@v1", "not a proof")
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	check(err)
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		proof = append(proof, readHash(line))
	}
	size, root := checkpoint(signed, vkey)
	check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)))
}

// cosigner is a note.Verifier of type 0x04, which the package does not have.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

func newCosigner(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	must(len(parts) == 3, "not a vkey")
	typed, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	check(err)
	must(len(typed) == 1+ed25519.PublicKeySize && typed[0] == 4, "not the vkey of a witness")
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), typed...))
	hash := binary.BigEndian.Uint32(sum[:])
	must(fmt.Sprintf("%08x", hash) == parts[1], "a vkey with another id")
	return cosigner{parts[0], hash, ed25519.PublicKey(typed[1:])}
}

func cosigned(text, logKey, witness string) {
	log, err := note.NewVerifier(logKey)
	check(err)
	opened, err := note.Open([]byte(text), note.VerifierList(log, newCosigner(witness)))
	check(err)
	must(len(opened.Sigs) == 2 && len(opened.UnverifiedSigs) == 0, "other signatures than two")
}

func sign(text string, skeys []string) {
	var signers []note.Signer
	for _, skey := range skeys {
		signer, err := note.NewSigner(skey)
		check(err)
		signers = append(signers, signer)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	check(err)
	_, err = os.Stdout.Write(signed)
	check(err)
}

func readFile(path string) []byte {
	content, err := os.ReadFile(path)
	check(err)
	return content
}

func input() string {
	content, err := io.ReadAll(os.Stdin)
	check(err)
	return string(content)
}

func main() {
	words := os.Args[1:]
	switch {
	case len(words) > 1 && words[0] == "open":
		open(input(), words[1:])
	case len(words) == 4 && words[0] == "prove":
		prove(words[1], readFile(words[2]), string(readFile(words[3])))
	case len(words) == 3 && words[0] == "cosigned":
		cosigned(input(), words[1], words[2])
	case len(words) > 1 && words[0] == "sign":
		sign(input(), words[1:])
	default:
		must(false, "usage: notecheck open|prove|cosigned|sign ...")
	}
}
