s|^	"syscall"|&\n	"time"|
/HandleFunc/a \		time.Sleep(30 * time.Millisecond)
