s|=> \(response\.end(.*)\))|=> setTimeout(() => \1, 30))|
