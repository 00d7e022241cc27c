//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

func unsupported() string { return "" }

// ref is a pointer to one of LLVM's objects, or a string of C.
type ref = uintptr

// api holds the functions of LLVM's C interface that are used, under their names without
// the prefix LLVM.
type api struct {
	contextCreate               func() ref
	contextDispose              func(ref)
	contextSetDiagnosticHandler func(ctx, handler, data ref)
	getDiagInfoDescription      func(ref) ref
	getDiagInfoSeverity         func(ref) int32

	createMemoryBufferWithMemoryRangeCopy func(data unsafe.Pointer, n uintptr, name string) ref
	getBufferStart                        func(ref) unsafe.Pointer
	getBufferSize                         func(ref) uintptr
	disposeMemoryBuffer                   func(ref)

	parseIRInContext    func(ctx, buffer ref, module, message *ref) int32
	verifyModule        func(module ref, action int32, message *ref) int32
	setTarget           func(module ref, triple string)
	setModuleDataLayout func(module, layout ref)
	disposeModule       func(ref)
	disposeMessage      func(ref)

	moduleCreateWithNameInContext func(name string, ctx ref) ref
	writeBitcodeToMemoryBuffer    func(module ref) ref

	getHostCPUName     func() ref
	getHostCPUFeatures func() ref

	getTargetFromTriple             func(triple string, target, message *ref) int32
	createTargetMachine             func(target ref, triple, cpu, features string, level, reloc, model int32) ref
	createTargetDataLayout          func(machine ref) ref
	disposeTargetData               func(ref)
	disposeTargetMachine            func(ref)
	targetMachineEmitToMemoryBuffer func(machine, module ref, kind int32, message, buffer *ref) int32

	createPassBuilderOptions  func() ref
	disposePassBuilderOptions func(ref)
	runPasses                 func(module ref, passes string, machine, options ref) ref
	getErrorMessage           func(ref) ref
	disposeErrorMessage       func(ref)

	installFatalErrorHandler func(handler ref)
}

// Open loads the library in a file.
func Open(path string) (*Library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	l := &Library{path: path}
	a := &l.api
	var missing []string
	bind := func(f any, name string) bool {
		at, err := purego.Dlsym(handle, "LLVM"+name)
		if err != nil {
			return false
		}
		purego.RegisterFunc(f, at)
		return true
	}
	for _, b := range []struct {
		f    any
		name string
	}{
		{&a.contextCreate, "ContextCreate"},
		{&a.contextDispose, "ContextDispose"},
		{&a.contextSetDiagnosticHandler, "ContextSetDiagnosticHandler"},
		{&a.getDiagInfoDescription, "GetDiagInfoDescription"},
		{&a.getDiagInfoSeverity, "GetDiagInfoSeverity"},
		{&a.createMemoryBufferWithMemoryRangeCopy, "CreateMemoryBufferWithMemoryRangeCopy"},
		{&a.getBufferStart, "GetBufferStart"},
		{&a.getBufferSize, "GetBufferSize"},
		{&a.disposeMemoryBuffer, "DisposeMemoryBuffer"},
		{&a.parseIRInContext, "ParseIRInContext"},
		{&a.verifyModule, "VerifyModule"},
		{&a.setTarget, "SetTarget"},
		{&a.setModuleDataLayout, "SetModuleDataLayout"},
		{&a.disposeModule, "DisposeModule"},
		{&a.disposeMessage, "DisposeMessage"},
		{&a.moduleCreateWithNameInContext, "ModuleCreateWithNameInContext"},
		{&a.writeBitcodeToMemoryBuffer, "WriteBitcodeToMemoryBuffer"},
		{&a.getHostCPUName, "GetHostCPUName"},
		{&a.getHostCPUFeatures, "GetHostCPUFeatures"},
		{&a.getTargetFromTriple, "GetTargetFromTriple"},
		{&a.createTargetMachine, "CreateTargetMachine"},
		{&a.createTargetDataLayout, "CreateTargetDataLayout"},
		{&a.disposeTargetData, "DisposeTargetData"},
		{&a.disposeTargetMachine, "DisposeTargetMachine"},
		{&a.targetMachineEmitToMemoryBuffer, "TargetMachineEmitToMemoryBuffer"},
		{&a.createPassBuilderOptions, "CreatePassBuilderOptions"},
		{&a.disposePassBuilderOptions, "DisposePassBuilderOptions"},
		{&a.runPasses, "RunPasses"},
		{&a.getErrorMessage, "GetErrorMessage"},
		{&a.disposeErrorMessage, "DisposeErrorMessage"},
		{&a.installFatalErrorHandler, "InstallFatalErrorHandler"},
	} {
		if !bind(b.f, b.name) {
			missing = append(missing, "LLVM"+b.name)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("it is too old or no libLLVM: it has no %s", strings.Join(missing, ", "))
	}
	for _, target := range []string{"X86", "AArch64", "NVPTX"} {
		whole := true
		for _, part := range []string{"TargetInfo", "Target", "TargetMC", "AsmPrinter"} {
			var initialize func()
			if !bind(&initialize, "Initialize"+target+part) {
				whole = false
				break
			}
			initialize()
		}
		if whole {
			l.targets = append(l.targets, target)
		}
	}
	if l.version = l.readVersion(); l.version == "" {
		return nil, fmt.Errorf("it does not say its version")
	}
	if l.major, err = parseVersion(l.version); err != nil {
		return nil, fmt.Errorf("its version is %q", l.version)
	}
	if l.major < Oldest {
		return nil, fmt.Errorf("it is LLVM %s, and %d or later is needed", l.version, Oldest)
	}
	a.installFatalErrorHandler(fatalCallback())
	return l, nil
}

// readVersion reads the version from the identification block of an empty module in
// bitcode, since versions before 16 have no function that tells it. The block holds
// "LLVM14.0.6" as an array of 6-bit characters at some bit.
func (l *Library) readVersion() string {
	a := &l.api
	ctx := a.contextCreate()
	defer a.contextDispose(ctx)
	m := a.moduleCreateWithNameInContext("", ctx)
	defer a.disposeModule(m)
	b := a.writeBitcodeToMemoryBuffer(m)
	defer a.disposeMemoryBuffer(b)
	return identification(unsafe.Slice((*byte)(a.getBufferStart(b)), a.getBufferSize(b)))
}

// text reads a string of C.
func text(p ref) string {
	if p == 0 {
		return ""
	}
	s := *(*unsafe.Pointer)(unsafe.Pointer(&p))
	n := 0
	for *(*byte)(unsafe.Add(s, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(s), n))
}

// take reads a string that LLVM made for its caller, and frees it.
func (l *Library) take(p ref) string {
	s := text(p)
	if p != 0 {
		l.api.disposeMessage(p)
	}
	return s
}
