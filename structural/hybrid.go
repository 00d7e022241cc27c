package structural

func (w *work) translateHybrid() {}
func (w *work) finishHybrid()    {}
func (w *work) update()          {}
