package libllvm

import (
	"os"
	"path/filepath"
)

// allCandidates are the libraries to test with: those that Find would look at, and those
// in the directories of MTKC_TEST_LIBLLVM.
func allCandidates() []candidate {
	dirs := directories()
	return inDirectories(append(dirs, filepath.SplitList(os.Getenv("MTKC_TEST_LIBLLVM"))...))
}
