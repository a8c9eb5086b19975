package journal

import "os"

// Inspect opens the journal in a folder to be read, and changes nothing there:
// a file that a crash left as it was isn't mended. Nobody may write to it
// meanwhile.
func Inspect(folder string) (j *Journal, problems []Problem, err error) {
	j = &Journal{folder: folder, failed: ErrFailed}
	_, problems, err = j.load((*file).search)
	return j, problems, err
}

// Spans are what all files hold, oldest first.
func (j *Journal) Spans() (all []Span) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, f := range j.files {
		all = append(all, Span{f.first, f.end()})
	}
	return all
}

// Each reads a whole file and calls each with every record in it that can be
// read; the memory of a record is only lent. It returns the problems that
// opening didn't find yet.
func (j *Journal) Each(first uint64, each func(number uint64, record []byte) error) ([]Problem, error) {
	f, _, _, err := j.find(first)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	again := &file{path: f.path, first: f.first}
	problems := again.verify(f, data)
	for i, place := range again.places {
		if place == 0 {
			continue
		}
		_, _, record, _ := parseFrame(data[place:])
		if err := each(f.first+uint64(i), record); err != nil {
			return problems, err
		}
	}
	if !f.sealed {
		return nil, nil // Inspect has found them
	}
	if f.headOf(data) < 0 {
		problems = append(problems, f.problem(0, 0, "its first bytes are damaged"))
	}
	return problems, nil
}
