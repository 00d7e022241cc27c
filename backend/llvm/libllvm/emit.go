//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"runtime"
	"unsafe"
)

// Compile makes an object file or assembly from the text of a module, in this process.
// The target of o replaces the module's own. Errors are *CompileError.
//
// The code is position independent and of the small code model. Several modules may be
// compiled at once.
func (l *Library) Compile(ir []byte, o Options) ([]byte, error) {
	if o.Target == (Target{}) {
		o.Target = l.Host()
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := check(ir, o.Target); err != nil {
		return nil, err
	}
	return l.run(func(j *job) ([]byte, error) { return l.compile(j, ir, o) })
}

// compile runs on the thread of the job.
func (l *Library) compile(j *job, ir []byte, o Options) ([]byte, error) {
	a := &l.api
	ctx := a.contextCreate()
	defer a.contextDispose(ctx)
	a.contextSetDiagnosticHandler(ctx, diagnosticCallback(), j.id)

	fail := func(stage, message string) error {
		if d := j.diagnostics(); d != "" {
			if message != "" {
				message += "\n"
			}
			message += d
		}
		return &CompileError{Stage: stage, Message: message}
	}

	var target, message ref
	if a.getTargetFromTriple(o.Target.Triple, &target, &message) != 0 {
		return nil, fail("target", l.take(message))
	}
	var data unsafe.Pointer
	if len(ir) > 0 {
		data = unsafe.Pointer(&ir[0])
	}
	buffer := a.createMemoryBufferWithMemoryRangeCopy(data, uintptr(len(ir)), "module")
	runtime.KeepAlive(ir)
	var module ref
	if a.parseIRInContext(ctx, buffer, &module, &message) != 0 { // takes the buffer
		return nil, fail("parse", l.take(message))
	}
	defer a.disposeModule(module)
	const returnStatus = 2
	message = 0
	bad := a.verifyModule(module, returnStatus, &message) != 0
	if words := l.take(message); bad {
		return nil, fail("verify", words)
	}

	const pic, tinyModel, smallModel, defaultModel = 2, 2, 3, 0
	model := int32(smallModel)
	switch {
	case o.Target.gpu():
		model = defaultModel
	case o.Tiny:
		model = tinyModel
	}
	machine := a.createTargetMachine(target, o.Target.Triple, o.Target.CPU, o.Target.Features, int32(o.Level), pic, model)
	if machine == 0 {
		return nil, fail("target", "no machine for "+o.Target.Triple+", CPU "+o.Target.CPU)
	}
	defer a.disposeTargetMachine(machine)
	a.setTarget(module, o.Target.Triple)
	layout := a.createTargetDataLayout(machine)
	a.setModuleDataLayout(module, layout)
	a.disposeTargetData(layout)

	if o.Passes != "" {
		options := a.createPassBuilderOptions()
		e := a.runPasses(module, o.Passes, machine, options)
		a.disposePassBuilderOptions(options)
		if e != 0 {
			words := a.getErrorMessage(e) // takes e
			defer a.disposeErrorMessage(words)
			return nil, fail("passes", text(words))
		}
	}
	const assemblyFile, objectFile = 0, 1
	kind := int32(objectFile)
	if o.Kind == Assembly {
		kind = assemblyFile
	}
	message = 0
	var out ref
	if a.targetMachineEmitToMemoryBuffer(machine, module, kind, &message, &out) != 0 {
		return nil, fail("code", l.take(message))
	}
	defer a.disposeMemoryBuffer(out)
	if j.failed() {
		return nil, fail("code", "")
	}
	n := a.getBufferSize(out)
	code := make([]byte, n)
	copy(code, unsafe.Slice((*byte)(a.getBufferStart(out)), n))
	return code, nil
}

// Host is the target of this machine: its processor and the features that it has. LLVM
// may not know the name of a processor that is younger than it ("generic"), but
// it finds the features.
func (l *Library) Host() Target {
	cpu := l.take(l.api.getHostCPUName())
	features := l.take(l.api.getHostCPUFeatures())
	return hostTarget(cpu, features)
}
