package elementary

// The functions that run where there is no assembly.
var (
	PortablePow   = pow
	PortableSin   = sin
	PortableCos   = cos
	PortableTan   = tan
	PortableAsin  = asin
	PortableAcos  = acos
	PortableAtan  = atan
	PortableSinh  = sinh
	PortableCosh  = cosh
	PortableTanh  = tanh
	PortableAsinh = asinh
	PortableAcosh = acosh
	PortableAtanh = atanh
	PortableExp   = exp
	PortableLog   = log
	PortableLog10 = log10
	PortableAtan2 = atan2
	PortableRem   = rem
)
