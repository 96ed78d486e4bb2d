s|=> \(response\.send(.*)\));|=> setTimeout(() => \1, 30));|
