package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/mtkc/mtkc/backend/cuda/libcuda"
	"github.com/mtkc/mtkc/backend/cuda/ptxas"
)

// cudaDriver asks the driver for its version and the GPUs.
func cudaDriver() Finding {
	f := Finding{
		Name: "libcuda", Optional: true,
		Purpose: "ensembles on a GPU (--backend cuda)",
		Get:     "install the driver of the NVIDIA GPU; it holds libcuda",
	}
	d, err := libcuda.Open()
	if _, ok := errors.AsType[*libcuda.NotFoundError](err); ok {
		if os.Getenv("MTKC_LIBCUDA") != "" {
			f.Detail = err.Error()
		}
		return f
	}
	var devs []libcuda.Device
	if err == nil {
		devs, err = d.Devices()
	}
	if err != nil {
		f.Detail = err.Error() // says what to do
		f.Get = ""
		return f
	}
	f.Found = true
	f.Detail = "CUDA " + d.Version() + ", " + d.Path()
	for _, dev := range devs {
		f.Detail += fmt.Sprintf("; GPU %d: %v", dev.Index, dev)
	}
	return f
}

// assembler looks for ptxas.
func assembler(ctx context.Context, f Finding) Finding {
	path, err := ptxas.Find()
	if errors.Is(err, ptxas.ErrAbsent) {
		return f
	}
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	return tool(ctx, f, path, "--version")
}
