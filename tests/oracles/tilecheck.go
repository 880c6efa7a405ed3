// Tilecheck audits a published site with Go's own sumdb packages, from its files alone.
//
//	tilecheck FOLDER LOGVKEY [SIZE ROOT]
//
// It opens the checkpoint, finds its root in the tiles, reads every entry from the bundles, and
// checks each against the tree. With the size and root (base64) of an earlier checkpoint it checks
// that the tree continues that one. It ends with status 0 for yes, 1 for no.
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

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

// site is a tlog.TileReader over a folder.
type site string

func (s site) Height() int { return height }

// path is that of C2SP tlog-tiles: Go's without the height.
func path(tile tlog.Tile) string {
	name := tile.Path()
	if tile.L < 0 {
		return strings.Replace(name, "tile/8/data/", "tile/entries/", 1)
	}
	return strings.Replace(name, "tile/8/", "tile/", 1)
}

func (s site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(s), path(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (s site) SaveTiles([]tlog.Tile, [][]byte) {}

func readHash(text string) (hash tlog.Hash) {
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	check(err)
	must(len(decoded) == tlog.HashSize, "a hash of another size")
	copy(hash[:], decoded)
	return hash
}

func (s site) checkpoint(vkey string) tlog.Tree {
	data, err := os.ReadFile(filepath.Join(string(s), "checkpoint"))
	check(err)
	verifier, err := note.NewVerifier(vkey)
	check(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	must(len(lines) == 4 && lines[3] == "", "a checkpoint has three lines")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	return tlog.Tree{N: size, Hash: readHash(lines[2])}
}

// entries cuts a bundle.
func entries(bundle []byte) (all [][]byte) {
	for len(bundle) > 0 {
		must(len(bundle) >= 2, "a bundle ends in a length")
		size := int(bundle[0])<<8 | int(bundle[1])
		must(len(bundle) >= 2+size, "a bundle ends in an entry")
		all = append(all, bundle[2:2+size])
		bundle = bundle[2+size:]
	}
	return all
}

// stored are the hashes of a tree that is built from its entries.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) (hashes []tlog.Hash, err error) {
	for _, index := range indexes {
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

// checkEntries compares each entry with its tile, and the root of them all with the signed one:
// tlog's reader (x/mod 0.7) leaves some of the tiles that it is asked for unauthenticated when
// several of the tree's subtrees end in one tile.
func (s site) checkEntries(tree tlog.Tree, hashes tlog.HashReader) {
	var built stored
	for first := int64(0); first < tree.N; first += 1 << height {
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: 1 << height}
		if tree.N-first < 1<<height {
			tile.W = int(tree.N - first)
		}
		data, err := s.ReadTiles([]tlog.Tile{tile})
		check(err)
		found := entries(data[0])
		must(len(found) == tile.W, "a bundle with another number of entries")
		var indexes []int64
		for i := range found {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(i)))
		}
		leaves, err := hashes.ReadHashes(indexes)
		check(err)
		for i, entry := range found {
			must(tlog.RecordHash(entry) == leaves[i], fmt.Sprintf("entry %d is another", first+int64(i)))
			added, err := tlog.StoredHashes(first+int64(i), entry, built)
			check(err)
			built = append(built, added...)
		}
	}
	root, err := tlog.TreeHash(tree.N, built)
	check(err)
	must(root == tree.Hash, "the entries have another root")
}

func main() {
	must(len(os.Args) == 3 || len(os.Args) == 5, "usage: tilecheck FOLDER LOGVKEY [SIZE ROOT]")
	folder := site(os.Args[1])
	tree := folder.checkpoint(os.Args[2])
	hashes := tlog.TileHashReader(tree, folder)
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	must(root == tree.Hash, "the tiles have another root")
	folder.checkEntries(tree, hashes)
	// Every tile that the size promises, also those that nothing above asked for.
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		if tile.W < 1<<height && int64(tile.W) != tree.N>>(height*tile.L)&(1<<height-1) {
			continue // of a smaller size
		}
		_, err := folder.ReadTiles([]tlog.Tile{tile})
		check(err)
	}
	if len(os.Args) == 5 {
		size, err := strconv.ParseInt(os.Args[3], 10, 64)
		check(err)
		proof, err := tlog.ProveTree(tree.N, size, hashes)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, size, readHash(os.Args[4])))
	}
	fmt.Println(tree.N)
}
