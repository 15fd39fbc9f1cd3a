package backup

// CreateOn is Create on a disk that a test makes.
var CreateOn = create
