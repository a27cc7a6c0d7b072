package history

func writer(file string) {}
