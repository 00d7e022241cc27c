package main

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// resumable is the output of an ensemble that may be interrupted and goes on later. Until it is complete, it stands in
// FILE.part, and FILE.part.json says how much of that is to be kept and which command wrote it.
type resumable struct {
	path, part, index string
	file              *os.File
	w                 *bufio.Writer
	bytes             int64 // written
	mode              os.FileMode
	saved             time.Time
	kept              bool // the index says how far it came
	state             progressState
	done              outcome // before the interrupt
}

// progressState is what FILE.part.json holds.
type progressState struct {
	Version      int    `json:"version"`
	Command      string `json:"command"` // identity of model and command
	Trajectories int64  `json:"trajectories"`
	Bytes        int64  `json:"bytes"`
	Done         []byte `json:"done"` // how they ended: an outcome, by encoding/gob, which knows infinite numbers
	Statistics   []byte `json:"statistics,omitempty"`

	Points []json.RawMessage `json:"points,omitempty"` // of statistics of points, for JSON
}

const progressVersion = 1

// outcome is how trajectories ended.
type outcome struct {
	N                       int64
	Counts                  []ensemble.Count
	Failed                  []ensemble.Failed
	Warnings                []ensemble.Warning
	Steps, Rejected, Events int64
}

func outcomeOf(r *ensemble.Result) outcome {
	return outcome{r.N, r.Counts, r.Failed, r.Warnings, r.Steps, r.Rejected, r.Events}
}

// result is a result with nothing else.
func (o *outcome) result() *ensemble.Result {
	return &ensemble.Result{N: o.N, Counts: o.Counts, Failed: o.Failed, Warnings: o.Warnings, Steps: o.Steps, Rejected: o.Rejected, Events: o.Events}
}

// between is the time between two saves of the state.
const between = 5 * time.Second

// openResumable begins the output, or goes on with what the same command left.
func openResumable(path, command string) (*resumable, diag.List) {
	r := &resumable{path: path, part: path + ".part", index: path + ".part.json", mode: 0o644, saved: time.Now()}
	if info, err := os.Stat(path); err == nil {
		r.mode = info.Mode().Perm()
	}
	// Another process that writes the same output must not be disturbed.
	if f, err := os.OpenFile(r.part, os.O_RDWR, 0); err == nil {
		busy := taken(f)
		f.Close()
		if busy {
			return nil, diag.New(diag.Pos{File: r.path}, "E005", "wait for it, or name another file", "another process is writing %s", r.part)
		}
	}
	text, err := os.ReadFile(r.index)
	info, gone := os.Stat(r.part)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && errors.Is(gone, fs.ErrNotExist):
		r.state = progressState{Version: progressVersion, Command: command}
		if r.file, err = os.Create(r.part); err != nil {
			return nil, r.unwritable(err)
		}
	case err != nil:
		return nil, diag.New(diag.Pos{File: r.index}, "E907", "remove "+r.part+" and "+r.index+" to begin anew", "cannot read how far the interrupted ensemble came: %v", why(err))
	default:
		damaged := diag.New(diag.Pos{File: r.index}, "E907", "remove "+r.part+" and "+r.index+" to begin anew", "what the interrupted ensemble left is damaged, or of another version of mtkc")
		if err := json.Unmarshal(text, &r.state); err != nil || r.state.Version != progressVersion || gone != nil || info.Size() < r.state.Bytes {
			return nil, damaged
		}
		if r.state.Command != command {
			return nil, diag.New(diag.Pos{File: r.index}, "E906", "repeat that command, or remove "+r.part+" and "+r.index+" to begin anew",
				"%s holds %d trajectories of another model or command", r.part, r.state.Trajectories)
		}
		if err := gob.NewDecoder(bytes.NewReader(r.state.Done)).Decode(&r.done); err != nil {
			return nil, damaged
		}
		if r.state.Trajectories == 0 {
			r.state.Bytes = 0 // the header is written anew
		}
		if r.file, err = os.OpenFile(r.part, os.O_RDWR, 0); err == nil {
			if err = r.file.Truncate(r.state.Bytes); err == nil {
				_, err = r.file.Seek(r.state.Bytes, io.SeekStart)
			}
		}
		if err != nil {
			return nil, r.unwritable(err)
		}
		r.bytes, r.kept = r.state.Bytes, true
	}
	_ = taken(r.file) // claims it
	r.w = bufio.NewWriterSize(r.file, 1<<16)
	return r, nil
}

func (r *resumable) unwritable(err error) diag.List {
	return diag.New(diag.Pos{File: r.path}, "E005", "check that the directory exists and can be written to", "cannot write: %v", why(err))
}

func (r *resumable) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	r.bytes += int64(n)
	return n, err
}

// save makes what was written so far the state to go on from.
func (r *resumable) save(done outcome, statistics []byte, points []json.RawMessage) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(done); err != nil {
		return err
	}
	if err := r.w.Flush(); err != nil {
		return err
	}
	if err := r.file.Sync(); err != nil {
		return err
	}
	text, err := json.Marshal(progressState{progressVersion, r.state.Command, done.N, r.bytes, b.Bytes(), statistics, points})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(r.index), "."+filepath.Base(r.index)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), r.index)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	r.saved, r.kept = time.Now(), r.kept || err == nil
	return err
}

// discard removes an output that nothing can go on from.
func (r *resumable) discard() {
	r.file.Close()
	os.Remove(r.part)
	os.Remove(r.index)
}

// finish makes the complete output the file that was asked for.
func (r *resumable) finish() error {
	err := r.w.Flush()
	if e := r.file.Chmod(r.mode); err == nil {
		err = e
	}
	if e := r.file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(r.part, r.path)
	}
	if err == nil {
		if err = os.Remove(r.index); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return err
}
