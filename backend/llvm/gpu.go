package llvm

func (w *runWriter) headGPU(string) {}
func (w *runWriter) leaveGPU()      {}
