s|async () => \(.*\));|async () => new Promise((answer) => setTimeout(() => answer(\1), 30)));|
